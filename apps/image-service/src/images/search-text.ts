/** Text without case and accents, so that `Ёлка` is found by `елка` and `CAFÉ` by `cafe`. */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
}

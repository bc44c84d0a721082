/**
 * Text without case and accents, as every search here compares it: `Ёлка` is found by `елка` and `CAFÉ` by `cafe`. What it
 * makes is stored; whoever changes it has what is stored made anew, by a migration.
 */
export function foldText(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
}

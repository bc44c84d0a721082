/** What makes two user names, or two e-mail addresses, the same one: how they are spelled in upper case does not. */
export function nameKey(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase().normalize('NFKC');
}

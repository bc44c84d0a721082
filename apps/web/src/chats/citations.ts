/** Code that cites nothing: fences (closed or still being written) and code within a line. */
const CODE = /(```[\s\S]*?(?:```|$)|~~~[\s\S]*?(?:~~~|$)|`[^`\n]*`)/;
/** `[1]`, also right behind another; not the text of a link, not its label and not the beginning of a definition. */
const CITATION = /(?<!\\)(?<!\D\])\[(\d{1,2})\](?![(:])/g;

/** Turns `[1]` in an answer into a link to the source with that number; what cites no source stays as it is. */
export function linkCitations(
  text: string,
  numbers: ReadonlySet<number>,
  linkTo: (n: number) => string,
): string {
  if (numbers.size === 0) return text;
  return text
    .split(CODE)
    .map((part, index) =>
      // Every second part is what the pattern caught: code.
      index % 2 === 1
        ? part
        : part.replace(CITATION, (all, digits: string) => {
            const n = Number(digits);
            return numbers.has(n) ? `[\\[${n}\\]](${linkTo(n)})` : all;
          }),
    )
    .join('');
}

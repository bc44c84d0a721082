/** How the tests get a server on this machine: a program that is installed, or a container. */
export type ServerSource<Program> =
  { readonly kind: 'program'; readonly program: Program } | { readonly kind: 'container' };

/** An installed program wins: it starts faster and no image has to be fetched. Null when there is neither. */
export async function chooseSource<Program>(
  program: Program | null,
  canRunContainers: () => Promise<boolean>,
): Promise<ServerSource<Program> | null> {
  if (program !== null) return { kind: 'program', program };
  return (await canRunContainers()) ? { kind: 'container' } : null;
}

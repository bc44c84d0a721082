import type { TFunction } from 'i18next';

/** What the usual nodes do, for people; a node of somebody's own graph is called as its owner calls it. */
export function sayNode(node: string, t: TFunction): string {
  if (/^VAEDecode/.test(node)) return t('picture.node.decode');
  if (/^SaveImage|^PreviewImage/.test(node)) return t('picture.node.save');
  return t('picture.at_node', { node });
}

import type { Chat } from '@baton/contracts';

export type ChatGroupName = 'pinned' | 'today' | 'week' | 'older';

export interface ChatGroup {
  readonly name: ChatGroupName;
  readonly chats: readonly Chat[];
}

const ORDER: readonly ChatGroupName[] = ['pinned', 'today', 'week', 'older'];
const WEEK_DAYS = 7;

/** Chats under the headings of the list; each keeps the gateway's order, a heading without chats is left out. */
export function groupChats(chats: readonly Chat[], now: Date): readonly ChatGroup[] {
  const today = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const weekAgo = new Date(now.getFullYear(), now.getMonth(), now.getDate() - WEEK_DAYS);
  const nameOf = (chat: Chat): ChatGroupName => {
    if (chat.pinned) return 'pinned';
    const updated = new Date(chat.updated_at);
    if (updated >= today) return 'today';
    return updated >= weekAgo ? 'week' : 'older';
  };
  const groups = Map.groupBy(chats, nameOf);
  return ORDER.flatMap((name) => {
    const members = groups.get(name);
    return members === undefined ? [] : [{ name, chats: members }];
  });
}

import type { Message } from '@baton/contracts';
import type { Person } from './person.ts';
import type { Stack } from './stack.ts';

/** Switches faults of an engine on or off. */
export async function arm(
  stack: Stack,
  engine: 'ollama' | 'comfyui',
  faults: Readonly<Record<string, unknown>>,
): Promise<void> {
  await (await stack.engine(engine)).set({ faults });
}

export async function answerTo(person: Person, chatId: number): Promise<Message> {
  const { reply } = await person.say(chatId, 'What is a fence for?');
  await person.follow(reply.id).ended(40_000);
  return person.reply(reply.id);
}

export async function pictureFor(person: Person, chatId: number): Promise<Message> {
  const { reply } = await person.draw(chatId, 'A fence.');
  await person.follow(reply.id).ended(40_000);
  return person.reply(reply.id);
}

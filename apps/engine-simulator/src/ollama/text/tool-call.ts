import type { Question } from './question.ts';
import { answerSchema } from './schema-answer.ts';
import { isSchema } from './schema-merge.ts';
import { hash } from './tokens.ts';

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** The tool whose name (or the words of it) the question says, called with arguments that fit its schema. */
export function chooseTool(tools: readonly unknown[], question: Question): ToolCall | null {
  const text = question.text.toLowerCase();
  for (const tool of tools) {
    const declared = isSchema(tool) && isSchema(tool['function']) ? tool['function'] : undefined;
    const name = declared?.['name'];
    if (!declared || typeof name !== 'string' || name === '') continue;
    const words = name.toLowerCase().split(/[_.\-\s]+/);
    const isNamed = text.includes(name.toLowerCase()) || words.every((word) => text.includes(word));
    if (!isNamed) continue;
    const schema = isSchema(declared['parameters']) ? declared['parameters'] : { type: 'object' };
    const value = answerSchema(schema, question);
    const id = `call_${hash(`${name}|${question.text}|${question.turns}`).toString(36).padStart(8, '0').slice(0, 8)}`;
    return { id, name, arguments: isSchema(value) ? value : {} };
  }
  return null;
}

import { choose, countCharacters, languageOf, personsWords, shorten, wordsOf } from './question.ts';
import type { Language, Question } from './question.ts';
import { countTokens } from './tokens.ts';

/** What an answer consists of: the thinking of a thinking model, and the Markdown. */
export interface Reply {
  readonly thinking: string;
  readonly text: string;
}

/** Composes an answer: honest that no model runs, and true in all that it says about the question. */
export function composeReply(question: Question): Reply {
  const language = languageOf(question.text);
  const chore = answerChore(question, language);
  return { thinking: think(question, language), text: chore ?? answer(question, language) };
}

/** Endless more of the same kind, for loads that need long answers. `round` starts at 1. */
export function continueReply(question: Question, round: number): string {
  const language = languageOf(question.text);
  const words = wordsOf(question.text);
  const word = words[round % Math.max(1, words.length)] ?? '—';
  return language === 'ru'
    ? `\n\n${round}. Симулятор продолжает ответ заданной длины; здесь очередь слова «${word}» (букв: ${countCharacters(word)}).`
    : `\n\n${round}. The simulator goes on up to the length it was set to; this line is about “${word}” (${countCharacters(word)} letters).`;
}

/** Titles, tags and search terms are asked for in one line, and a page of Markdown would be no use there. */
function answerChore(question: Question, language: Language): string | null {
  const order = `${question.systemPrompt}\n${question.text}`;
  if (
    !/\b(title|headline|name (of|for) (a|the|this)|tags?|keywords?|search quer(y|ies))\b|заголов|назван|тег|ключев|поисков/iu.test(
      order,
    )
  )
    return null;
  if (
    !/\b(only|just|nothing else|generate|write|suggest|short|concise|return|reply)\b|только|придумай|напиши|кратк|корот|верни/iu.test(
      order,
    )
  )
    return null;
  const asked = personsWords(question.text);
  const words = keywords(asked).slice(0, 5);
  if (/\b(tags?|keywords?)\b|тег|ключев/iu.test(order)) return words.join(', ').toLowerCase();
  const title = words.sort((a, b) => asked.indexOf(a) - asked.indexOf(b)).join(' ');
  return title === '' ? (language === 'ru' ? 'Новый разговор' : 'New conversation') : capital(title);
}

function think(question: Question, language: Language): string {
  const words = wordsOf(question.text).length;
  return language === 'ru'
    ? `Пришёл текст на русском, слов: ${words}, сообщений в разговоре: ${question.turns}. ` +
        `Я симулятор и не рассуждаю: сосчитаю слова, скажу, что пришло, и покажу, как подключить настоящую модель.`
    : `The text is in English, ${words} words, turn ${question.turns} of the conversation. ` +
        `I am a simulator and do not reason: I count the words, say what arrived and show how to connect a real model.`;
}

function answer(question: Question, language: Language): string {
  const parts = language === 'ru' ? russianParts(question) : englishParts(question);
  return parts.join('\n\n');
}

function englishParts(question: Question): string[] {
  const opening = choose(question, 'opening', [
    'This is **Baton’s engine simulator** speaking. No language model is running, so I cannot answer the question itself; everything below I really found in what you sent.',
    'You have reached **Baton’s engine simulator**: there is no language model behind these words. I can only tell you what arrived, and that it went the whole way a real answer goes.',
    'No model is running here, this is **Baton’s engine simulator**. It cannot know the answer, but it can show that your message travelled through the queue, the GPU lease and back.',
  ]);
  return [
    `## You asked: ${heading(question)}`,
    opening,
    ...lookParts(question, 'en'),
    '### What arrived',
    statistics(question, ['Measure', 'Value'], {
      words: 'Words',
      characters: 'Characters',
      sentences: 'Sentences',
      tokens: 'Prompt tokens, about',
      turns: 'Messages in this conversation',
      language: 'Language',
      languageName: 'English',
    }),
    ...wordList(question, 'The words that carry the most, by length and number:'),
    ...echoedCode(question, 'The code you sent, unchanged:'),
    '### To get a real answer',
    'Start Ollama with a model, then point Baton at it:',
    connectExample(question.model),
    '> The same page, the same queue, the same buttons: only the engine behind them changes.',
  ];
}

function russianParts(question: Question): string[] {
  const opening = choose(question, 'opening', [
    'Отвечает **симулятор движков Baton**. Языковая модель не запущена, поэтому на сам вопрос я ответить не могу; всё ниже действительно найдено в вашем сообщении.',
    'Это **симулятор движков Baton**: за этими словами нет языковой модели. Я могу лишь рассказать, что пришло, и показать, что сообщение прошло весь путь настоящего ответа.',
    'Модель здесь не работает, это **симулятор движков Baton**. Ответа он не знает, зато видно, что сообщение прошло очередь, аренду видеокарты и вернулось.',
  ]);
  return [
    `## Вы спросили: ${heading(question)}`,
    opening,
    ...lookParts(question, 'ru'),
    '### Что пришло',
    statistics(question, ['Показатель', 'Значение'], {
      words: 'Слов',
      characters: 'Знаков',
      sentences: 'Предложений',
      tokens: 'Токенов запроса, примерно',
      turns: 'Сообщений в разговоре',
      language: 'Язык',
      languageName: 'русский',
    }),
    ...wordList(question, 'Самые весомые слова, по длине и числу:'),
    ...echoedCode(question, 'Код, который вы прислали, без изменений:'),
    '### Как получить настоящий ответ',
    'Запустите Ollama с моделью и укажите Baton её адрес:',
    connectExample(question.model),
    '> Та же страница, та же очередь, те же кнопки: меняется только движок за ними.',
  ];
}

function heading(question: Question): string {
  return shorten(personsWords(question.text).replace(/[#`*_|<>]/g, ''), 80) || '…';
}

function lookParts(question: Question, language: Language): string[] {
  if (question.images.length === 0) return [];
  const title =
    language === 'ru' ? '### Что на изображении (по пикселям)' : '### What the image shows (from its pixels)';
  return [title, ...question.images.map((look) => look.say[language])];
}

interface Captions {
  words: string;
  characters: string;
  sentences: string;
  tokens: string;
  turns: string;
  language: string;
  languageName: string;
}

function statistics({ text, turns }: Question, head: [string, string], say: Captions): string {
  const sentences = text.split(/[.!?…]+(?:\s|$)/u).filter((sentence) => sentence.trim() !== '').length;
  const rows: [string, string | number][] = [
    [say.words, wordsOf(text).length],
    [say.characters, countCharacters(text)],
    [say.sentences, sentences],
    [say.tokens, countTokens(text)],
    [say.turns, turns],
    [say.language, say.languageName],
  ];
  const lines = rows.map(([name, value]) => `| ${name} | ${value} |`);
  return [`| ${head[0]} | ${head[1]} |`, '| --- | --- |', ...lines].join('\n');
}

function wordList(question: Question, caption: string): string[] {
  const words = keywords(question.text).slice(0, 4);
  if (words.length === 0) return [];
  const counted = wordsOf(question.text.toLowerCase());
  const lines = words.map((word) => {
    const times = counted.filter((other) => other === word.toLowerCase()).length;
    return `- **${word}** × ${times}`;
  });
  return [`${caption}\n\n${lines.join('\n')}`];
}

function echoedCode(question: Question, caption: string): string[] {
  const code = /```[\s\S]*?```/.exec(question.text)?.[0];
  return code === undefined || code.length > 2_000 ? [] : [`${caption}\n\n${code}`];
}

function connectExample(model: string): string {
  return ['```bash', `ollama pull ${model}`, 'OLLAMA_URL=http://127.0.0.1:11434 npm start', '```'].join('\n');
}

const STOP_WORDS = new Set(
  (
    'about after again also because been before being between could does doing down during each from have having here ' +
    'into just like make more most only other over same should some such than that their them then there these they ' +
    'this those through under until very what when where which while will with would write your please tell ' +
    'если есть или как когда который меня можно мне надо него нужно она они оно очень под после потому при про ' +
    'расскажи напиши свой себя так там тебя того тоже только уже чего через чтобы что это этот пожалуйста'
  ).split(' '),
);

/** Words that mean something, the most telling first: longer and more frequent ones. */
function keywords(text: string): string[] {
  const weights = new Map<string, { word: string; weight: number }>();
  for (const word of wordsOf(text)) {
    const key = word.toLowerCase();
    if (countCharacters(word) < 3 || STOP_WORDS.has(key)) continue;
    const weight = (weights.get(key)?.weight ?? 0) + Math.min(countCharacters(word), 10);
    weights.set(key, { word: weights.get(key)?.word ?? word, weight });
  }
  return [...weights.values()].sort((a, b) => b.weight - a.weight).map(({ word }) => word);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

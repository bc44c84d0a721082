import type { ImageLook } from './question.ts';

/** The picture is looked at in a grid of this many cells a side: enough for what a sentence can say. */
const GRID = 32;

const COLOURS = {
  black: 'чёрный',
  grey: 'серый',
  white: 'белый',
  red: 'красный',
  orange: 'оранжевый',
  brown: 'коричневый',
  yellow: 'жёлтый',
  green: 'зелёный',
  cyan: 'голубой',
  blue: 'синий',
  purple: 'фиолетовый',
  pink: 'розовый',
} as const;

type Colour = keyof typeof COLOURS;

interface Cell {
  readonly colour: Colour;
  readonly brightness: number;
}

/**
 * Looks at an image's real pixels: size, colours, brightness, where it is light. Throws when the bytes are no image
 * that can be decoded.
 */
export async function lookAt(bytes: Buffer): Promise<ImageLook> {
  // Loaded only here: the decoder is by far the largest thing this program can load.
  const { default: sharp } = await import('sharp');
  const picture = sharp(bytes, { limitInputPixels: 100_000_000 });
  const { width, height, format } = await picture.metadata();
  const { data } = await picture
    .flatten({ background: 'white' })
    .resize(GRID, GRID, { fit: 'fill' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const cells = readCells(data);
  const colours = countColours(cells);
  const look = { width, height, format, colours };
  return { ...look, say: { en: sayEnglish(look, cells), ru: sayRussian(look, cells) } };
}

function readCells(data: Buffer): Cell[] {
  const channels = data.length / (GRID * GRID);
  return Array.from({ length: GRID * GRID }, (_, index) => {
    const at = index * channels;
    const red = data[at] ?? 0;
    const green = channels >= 3 ? (data[at + 1] ?? 0) : red;
    const blue = channels >= 3 ? (data[at + 2] ?? 0) : red;
    return {
      colour: nameColour(red, green, blue),
      brightness: (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255,
    };
  });
}

/** By hue, saturation and lightness, the way people name colours. */
export function nameColour(red: number, green: number, blue: number): Colour {
  const [r, g, b] = [red / 255, green / 255, blue / 255];
  const max = Math.max(r, g, b);
  const min = Math.min(r, g, b);
  const lightness = (max + min) / 2;
  const spread = max - min;
  const saturation = spread === 0 ? 0 : spread / (1 - Math.abs(2 * lightness - 1));
  if (lightness < 0.1) return 'black';
  if (lightness > 0.93) return 'white';
  if (saturation < 0.15) return lightness < 0.18 ? 'black' : lightness > 0.85 ? 'white' : 'grey';
  let hue = max === r ? ((g - b) / spread) % 6 : max === g ? (b - r) / spread + 2 : (r - g) / spread + 4;
  hue = (hue * 60 + 360) % 360;
  if (hue < 15 || hue >= 345) return lightness > 0.7 ? 'pink' : 'red';
  if (hue < 45) return lightness < 0.4 ? 'brown' : 'orange';
  if (hue < 70) return 'yellow';
  if (hue < 165) return 'green';
  if (hue < 200) return 'cyan';
  if (hue < 255) return 'blue';
  if (hue < 290) return 'purple';
  return lightness > 0.6 || hue >= 320 ? 'pink' : 'purple';
}

/** The colours that cover a twentieth or more, the largest first, at most four; at least one. */
function countColours(cells: readonly Cell[]): { name: Colour; share: number }[] {
  const counts = new Map<Colour, number>();
  for (const { colour } of cells) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const shares = [...counts]
    .map(([name, count]) => ({ name, share: count / cells.length }))
    .sort((a, b) => b.share - a.share);
  return shares.filter(({ share }, index) => index === 0 || share >= 0.05).slice(0, 4);
}

type Look = Omit<ImageLook, 'say'>;

function sayEnglish(look: Look, cells: readonly Cell[]): string {
  const { brightness, side, main } = compose(cells);
  const shape = look.width === look.height ? 'square' : look.width > look.height ? 'landscape' : 'portrait';
  const light = brightness < 0.3 ? 'dark' : brightness > 0.7 ? 'bright' : 'of medium brightness';
  const colours = look.colours.map(({ name, share }) => `${name} (${percent(share)})`).join(', ');
  const sides = {
    left: 'the left half',
    right: 'the right half',
    top: 'the upper half',
    bottom: 'the lower half',
  };
  return (
    `A ${shape} image of ${look.width} × ${look.height} pixels (${look.format}), ${light} (${percent(brightness)}). ` +
    `Main colours: ${colours}. ` +
    `${side === null ? 'Light is spread evenly' : `It is brighter in ${sides[side]}`}; ` +
    `left is mostly ${main.left}, right ${main.right}, top ${main.top}, bottom ${main.bottom}.`
  );
}

function sayRussian(look: Look, cells: readonly Cell[]): string {
  const { brightness, side, main } = compose(cells);
  const shape =
    look.width === look.height ? 'Квадратное' : look.width > look.height ? 'Горизонтальное' : 'Вертикальное';
  const light = brightness < 0.3 ? 'тёмное' : brightness > 0.7 ? 'светлое' : 'средней яркости';
  const colours = look.colours
    .map(({ name, share }) => `${COLOURS[name as Colour]} (${percent(share)})`)
    .join(', ');
  const sides = { left: 'слева', right: 'справа', top: 'сверху', bottom: 'снизу' };
  return (
    `${shape} изображение ${look.width} × ${look.height} пикселей (${look.format}), ${light} (${percent(brightness)}). ` +
    `Основные цвета: ${colours}. ` +
    `${side === null ? 'Свет распределён равномерно' : `Светлее ${sides[side]}`}; ` +
    `слева преобладает ${COLOURS[main.left]}, справа ${COLOURS[main.right]}, ` +
    `сверху ${COLOURS[main.top]}, снизу ${COLOURS[main.bottom]}.`
  );
}

type Side = 'left' | 'right' | 'top' | 'bottom';

/** A difference of brightness between two halves that the eye notices. */
const NOTICEABLE = 0.08;

function compose(cells: readonly Cell[]): {
  brightness: number;
  side: Side | null;
  main: Record<Side, Colour>;
} {
  const halves: Record<Side, Cell[]> = { left: [], right: [], top: [], bottom: [] };
  cells.forEach((cell, index) => {
    halves[index % GRID < GRID / 2 ? 'left' : 'right'].push(cell);
    halves[index < (GRID * GRID) / 2 ? 'top' : 'bottom'].push(cell);
  });
  const mean = (some: readonly Cell[]): number =>
    some.reduce((sum, { brightness }) => sum + brightness, 0) / some.length;
  const lead = (a: Side, b: Side): { side: Side; by: number } => {
    const by = mean(halves[a]) - mean(halves[b]);
    return by >= 0 ? { side: a, by } : { side: b, by: -by };
  };
  const [across, along] = [lead('left', 'right'), lead('top', 'bottom')];
  const strongest = across.by >= along.by ? across : along;
  const main = (side: Side): Colour => countColours(halves[side])[0]?.name ?? 'grey';
  return {
    brightness: mean(cells),
    side: strongest.by >= NOTICEABLE ? strongest.side : null,
    main: { left: main('left'), right: main('right'), top: main('top'), bottom: main('bottom') },
  };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

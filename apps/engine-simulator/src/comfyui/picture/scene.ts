import { chance } from './chance.ts';
import type { Lettering } from './lettering.ts';
import type { Caption } from './picture.ts';

/** An invented landscape as SVG: the words choose the colours, words and seed the shapes. */

interface Frame {
  readonly width: number;
  readonly height: number;
}

const HONEST_LINE = 'Baton engine simulator — no model was run';

/** Colours from a hue circle; lightness and chroma stay where neighbouring hues look well together. */
function colour(hue: number, saturation: number, lightness: number): string {
  return `hsl(${Math.round(((hue % 360) + 360) % 360)},${Math.round(saturation)}%,${Math.round(lightness)}%)`;
}

export function sceneSvg({ text, seed, index }: Caption, { width, height }: Frame): string {
  const mood = chance(text);
  const next = chance(text, seed, index);
  const hue = mood() * 360;
  const isNight = mood() < 0.3;
  const parts = [
    sky(hue, isNight),
    `<rect width="${width}" height="${height}" fill="url(#sky)"/>`,
    ...(isNight ? stars(next, { width, height }) : clouds(next, { width, height }, hue)),
    sun(next, { width, height }, isNight),
    ...hills(next, { width, height }, hue, isNight),
    ...trees(next, { width, height }, hue, isNight),
  ];
  return svg({ width, height }, parts.join(''));
}

function svg({ width, height }: Frame, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${body}</svg>`;
}

function sky(hue: number, isNight: boolean): string {
  const [top, middle, low] = isNight
    ? [colour(hue + 220, 55, 9), colour(hue + 240, 45, 20), colour(hue + 290, 40, 36)]
    : [colour(hue + 200, 62, 48), colour(hue + 170, 60, 70), colour(hue + 30, 82, 82)];
  const stops = [top, middle, low]
    .map((stop, at) => `<stop offset="${at / 2}" stop-color="${stop}"/>`)
    .join('');
  return `<defs><linearGradient id="sky" x1="0" y1="0" x2="0.15" y2="1">${stops}</linearGradient></defs>`;
}

function stars(next: () => number, { width, height }: Frame): string[] {
  return Array.from({ length: 90 }, () => {
    const radius = (0.4 + next() * 1.3) * (width / 700);
    const [x, y] = [next() * width, next() * height * 0.6];
    return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius.toFixed(2)}" fill="#fff" opacity="${(0.4 + next() * 0.6).toFixed(2)}"/>`;
  });
}

function clouds(next: () => number, { width, height }: Frame, hue: number): string[] {
  return Array.from({ length: 5 }, () => {
    const [x, y] = [next() * width, height * (0.06 + next() * 0.32)];
    const reach = width * (0.08 + next() * 0.14);
    const puff = (shift: number, size: number): string =>
      `<ellipse cx="${(x + shift * reach).toFixed(1)}" cy="${y.toFixed(1)}" rx="${(reach * size).toFixed(1)}" ry="${(reach * size * 0.28).toFixed(1)}"/>`;
    return `<g fill="${colour(hue + 40, 60, 95)}" opacity="0.42">${puff(-0.5, 0.6)}${puff(0, 1)}${puff(0.6, 0.5)}</g>`;
  });
}

function sun(next: () => number, { width, height }: Frame, isNight: boolean): string {
  const [x, y] = [width * (0.18 + next() * 0.64), height * (0.16 + next() * 0.24)];
  const radius = Math.min(width, height) * (0.05 + next() * 0.06);
  const fill = isNight ? colour(52, 30, 92) : colour(34 + next() * 22, 95, 84);
  const disc = (size: number, paint: string): string =>
    `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${size.toFixed(1)}" fill="${paint}"/>`;
  const stops = [0.75, 0.28, 0].map((opacity, at) => {
    return `<stop offset="${at / 2}" stop-color="${fill}" stop-opacity="${opacity}"/>`;
  });
  const glow = `<defs><radialGradient id="glow">${stops.join('')}</radialGradient></defs>`;
  return glow + disc(radius * 4, 'url(#glow)') + disc(radius, fill);
}

/** Ridges from far and pale to near and dark; each is a sum of three waves. */
function hills(next: () => number, { width, height }: Frame, hue: number, isNight: boolean): string[] {
  const count = 5;
  return Array.from({ length: count }, (_, layer) => {
    const depth = layer / (count - 1);
    const base = height * (0.46 + depth * 0.36);
    const waves = [1, 2.3, 5.1].map((rate) => ({
      rate: rate * (0.8 + next()),
      phase: next() * 6.3,
      size: next(),
    }));
    const points = Array.from({ length: 41 }, (_unused, at) => {
      const x = at / 40;
      const rise = waves.reduce(
        (sum, { rate, phase, size }) => sum + (Math.sin(x * rate * 4 + phase) * (0.4 + size)) / rate,
        0,
      );
      return `${(x * width).toFixed(1)},${(base - rise * height * 0.075).toFixed(1)}`;
    });
    const lightness = isNight ? 26 - depth * 20 : 66 - depth * 44;
    const fill = colour(hue + 120 + depth * 30, 28 + depth * 22, lightness);
    return `<polygon points="0,${height} ${points.join(' ')} ${width},${height}" fill="${fill}"/>`;
  });
}

function trees(next: () => number, { width, height }: Frame, hue: number, isNight: boolean): string[] {
  return Array.from({ length: 26 }, () => {
    const near = next();
    const [x, foot] = [next() * width, height * (0.74 + near * 0.22)];
    const tall = height * (0.05 + near * 0.09);
    const fill = colour(hue + 140 + near * 20, 36, isNight ? 5 + near * 4 : 15 + near * 8);
    const tier = (from: number, to: number, wide: number): string =>
      `${(x - tall * wide).toFixed(1)},${(foot - tall * from).toFixed(1)} ${x.toFixed(1)},${(foot - tall * to).toFixed(1)} ${(x + tall * wide).toFixed(1)},${(foot - tall * from).toFixed(1)}`;
    return `<polygon points="${tier(0, 0.6, 0.26)}" fill="${fill}"/><polygon points="${tier(0.35, 1, 0.19)}" fill="${fill}"/>`;
  });
}

/** The panel that says what was asked for and that this is no model's work. Transparent elsewhere. */
export function captionSvg(caption: Caption, { width, height }: Frame, letters: Lettering): string {
  const size = Math.max(Math.min(width / 30, height / 18, 40), 4);
  const margin = size * 1.2;
  const prompt = { weight: 600, size } as const;
  const small = { weight: 400, size: size * 0.72 } as const;
  const room = width - 2 * margin;
  const lines = [
    ...letters
      .wrap(caption.text || '(empty prompt)', prompt, room, 4)
      .map((text) => ({ text, style: prompt })),
    ...letters
      .wrap(factsOf(caption, { width, height }), small, room, 3)
      .map((text) => ({ text, style: small })),
    ...letters.wrap(HONEST_LINE, small, room, 2).map((text) => ({ text, style: small })),
  ];
  const tall = lines.reduce((sum, { style }) => sum + style.size * 1.38, 0) + margin * 1.1;
  let y = height - tall + margin * 0.4;
  const texts = lines.map(({ text, style }) => {
    y += style.size * 1.38;
    const opacity = style === prompt ? 1 : 0.82;
    return `<path d="${letters.path(text, style, margin, y)}" fill="#fff" fill-opacity="${opacity}"/>`;
  });
  const panel = `<rect y="${(height - tall).toFixed(1)}" width="${width}" height="${tall.toFixed(1)}" fill="#0b0f16" fill-opacity="0.66"/>`;
  return svg({ width, height }, panel + texts.join(''));
}

function factsOf(
  { seed, index, steps, sampler, scheduler, guidance }: Caption,
  { width, height }: Frame,
): string {
  const parts = [
    `seed ${seed}${index > 0 ? ` #${index + 1}` : ''}`,
    `${steps} steps`,
    `${width} × ${height}`,
  ];
  parts.push(`${sampler}/${scheduler}`);
  if (guidance !== null) parts.push(`guidance ${guidance}`);
  return parts.join('  ·  ');
}

import { xmlText } from '../../text/xml.ts'
import { colours } from '../draw/palette.ts'
import { decimals, element, line, rect, svgDocument, text } from '../draw/svg.ts'
import type { Box, CellBox, Laid, TextBox } from './layout.ts'
import type { Mark, Tone } from './scene.ts'

type Fill = { readonly fill: string; readonly stroke: string }

/** The colours of cells: blue for the input, sand for kernels, violet for what is between, teal for the output. */
const tones: Readonly<Record<Tone, { plain: Fill; empty: Fill; marks: Partial<Record<Mark, Fill>> }>> = {
  input: {
    plain: { fill: '#dce9f6', stroke: '#9dbbd8' },
    empty: { fill: '#f2f6fb', stroke: '#c3d4e5' },
    marks: { window: { fill: '#94bfe6', stroke: '#4f86b8' }, now: { fill: '#f2c57c', stroke: '#b98534' } },
  },
  kernel: {
    plain: { fill: '#fbecd3', stroke: '#dcbc86' },
    empty: { fill: '#fdf7ec', stroke: '#e8d7b8' },
    marks: {},
  },
  between: {
    plain: { fill: '#e7e0f2', stroke: '#b6a6d2' },
    empty: { fill: '#f7f5fb', stroke: '#d8d0e6' },
    marks: { window: { fill: '#bfaee0', stroke: '#7f68b0' }, now: { fill: '#bfaee0', stroke: '#7f68b0' } },
  },
  output: {
    plain: { fill: '#d5eee6', stroke: '#8cc4b2' },
    empty: { fill: '#f4faf8', stroke: '#c6e0d8' },
    marks: { now: { fill: '#83cdb6', stroke: '#3c927a' }, overlap: { fill: '#f2c57c', stroke: '#b98534' } },
  },
}

const outside: Fill = { fill: '#fafbfc', stroke: '#d5dae0' }

const inks: Readonly<Record<TextBox['role'], string>> = {
  title: colours.ink,
  label: colours.faint,
  value: colours.ink,
  pad: '#9aa4af',
  corner: '#8a3c12',
  sign: colours.faint,
  caption: colours.ink,
}

function cellColours({ tone, cell }: CellBox): Fill {
  const { plain, empty, marks } = tones[tone]
  if (cell.mark === 'pad' || cell.mark === 'cut') return outside
  return (cell.mark && marks[cell.mark]) ?? (cell.value === undefined ? empty : plain)
}

/** The layers are drawn from 0 to 3: cells, edges, marked cells, text. Within a layer nothing overlaps. */
type Drawn = { readonly layer: number; readonly markup: string }

function drawBox(box: Box): Drawn {
  if (box.kind === 'edge') return { layer: 1, markup: line(...box.from, ...box.to, { stroke: '#c3ccd6' }) }
  if (box.kind === 'text') {
    const { content, x, y, role, ...style } = box
    const look = { ...style, baseline: 'middle', bold: role === 'title', fill: inks[role] } as const
    return { layer: 3, markup: text(content, x, y, look) }
  }
  const { x, y, size, cell } = box
  const { fill, stroke } = cellColours(box)
  const isDashed = cell.mark === 'pad' || cell.mark === 'cut'
  const isMarked = cell.mark !== undefined && !isDashed
  const look = { fill, stroke, 'stroke-dasharray': isDashed ? '2 2' : undefined }
  return { layer: isMarked ? 2 : 0, markup: rect(x + 0.5, y + 0.5, size, size, look) }
}

const ordered = (boxes: readonly Box[]): Drawn[] => boxes.map(drawBox).sort((a, b) => a.layer - b.layer)

/** Draws one frame as an SVG, `width` pixels wide. */
export function frameSvg(laid: Laid, frame: number, width = laid.width): string {
  const markup = ordered(laid.frames[frame]!).map((drawn) => drawn.markup)
  return svgFile(laid, width, markup)
}

function svgFile(laid: Laid, width: number, markup: readonly string[]): string {
  const whole = svgDocument(laid.width, laid.height, { title: laid.title }, ...markup)
  const height = Math.round((laid.height * width) / laid.width)
  return whole.replace(/ width="[^"]*" height="[^"]*"/, ` width="${width}" height="${height}"`)
}

/**
 * Draws all frames as one SVG that plays by itself, without a script. Equal elements of several frames are written
 * once, and CSS shows and hides those that change. Without motion, as in print or for readers who prefer reduced
 * motion, the last frame is shown.
 *
 * @param delays how long each frame is shown, in milliseconds
 */
export function animatedSvg(laid: Laid, delays: readonly number[], width = laid.width): string {
  const count = laid.frames.length
  const seen = new Map<string, { layer: number; frames: boolean[] }>()
  laid.frames.forEach((boxes, f) => {
    for (const { layer, markup } of ordered(boxes)) {
      const entry = seen.get(markup) ?? { layer, frames: Array.from({ length: count }, () => false) }
      entry.frames[f] = true
      seen.set(markup, entry)
    }
  })
  const total = delays.reduce((a, b) => a + b, 0)
  const starts = delays.map((_, f) => delays.slice(0, f).reduce((a, b) => a + b, 0))
  const groups = new Map<string, { name: string; last: boolean }>()
  const rules: string[] = []
  const parts = [...seen].sort(([, a], [, b]) => a.layer - b.layer)
  const markup: string[] = []
  for (const [drawn, { frames }] of parts) {
    if (frames.every((is) => is)) {
      markup.push(drawn)
      continue
    }
    const key = frames.map(Number).join('')
    let known = groups.get(key)
    if (known === undefined) {
      known = { name: `f${groups.size}`, last: frames.at(-1)! }
      groups.set(key, known)
      const stops = frames.flatMap((is, f) =>
        f > 0 && frames[f - 1] === is
          ? []
          : [`${percent(starts[f]! / total)}{visibility:${is ? 'visible' : 'hidden'}}`],
      )
      rules.push(`@keyframes ${known.name}{${stops.join('')}}.${known.name}{animation-name:${known.name}}`)
    }
    markup.push(
      drawn.replace(/^<(\w+)/, `<$1 class="a ${known.name}"${known.last ? '' : ' visibility="hidden"'}`),
    )
  }
  const style = `.a{animation:${decimals(total / 1000)}s step-end infinite}${rules.join('')}@media (prefers-reduced-motion:reduce){.a{animation:none}}`
  return svgFile(laid, width, [element('style', {}, xmlText(style)), ...markup])
}

const percent = (share: number): string => `${Math.round(share * 1e5) / 1e3}%`

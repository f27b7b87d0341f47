import { ConvoError } from '../../error.ts'
import { namedKernels } from '../../filters/names.ts'
import { type Io, noteMessage } from '../../host/io.ts'
import type { Colour } from '../../image/colour.ts'
import { decode } from '../../image/decode.ts'
import { renderSvg } from '../../image/encode.ts'
import { loadSharp } from '../../image/sharp.ts'
import { cube, type TerminalColours, terminalColours } from '../../image/terminal/colours.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { loadKernel } from '../../kernel/source.ts'
import { operations } from '../../picture/operations.ts'
import { sharedSettings } from '../../picture/settings.ts'
import { nativeWork } from '../../signals.ts'
import { fullOf, hasAlpha } from '../../tensor/picture.ts'
import { wrap } from '../../text/layout.ts'
import { coloured, type Message } from '../../text/message.ts'
import { visibleLine } from '../../text/visible.ts'
import { drawingFormat, writeDrawing } from '../draw/file.ts'
import { formatNumber } from '../draw/measure.ts'
import { diverging, inkOn } from '../draw/palette.ts'
import { drawCard, drawSheet, mostPlanes, photoSide } from './card.ts'
import type { Gray } from './effect.ts'
import { type Facts, factsOfKernel, factWords } from './facts.ts'
import { largest, type Plane, planeAt, planesOf } from './planes.ts'

export type ShowOptions = {
  readonly source: string
  readonly output?: string | undefined
  readonly plane?: readonly number[] | undefined
  readonly zoom: number
  /** A picture to try the kernel on, instead of the built-in one. */
  readonly photo?: string | undefined
  readonly preview: boolean
  readonly json: boolean
}

const mostPrinted = 64

/** Draws a kernel into a file, or prints it. @throws ConvoError for an unreadable kernel or an unknown output */
export async function showKernel(options: ShowOptions, io: Io): Promise<number> {
  const { source, output, preview, json } = options
  const terminal = preview ? await import('../../picture/preview.ts') : undefined
  terminal?.checkTerminal()
  if (output !== undefined) drawingFormat(output)
  if (options.photo !== undefined && output === undefined && !preview) {
    throw new ConvoError('E_USAGE', '--photo needs a drawing', {
      fix: `convo show ${source} kernel.png --photo ${options.photo}`,
    })
  }
  const loaded = await loadKernel(source, { names: namedKernels }).catch((error) => {
    throw operationError(error, source) ?? error
  })
  const kernel = options.plane === undefined ? loaded : planeAt({ name: source, ...loaded }, options.plane)
  const facts = factsOfKernel(kernel, source)
  const photo = options.photo === undefined ? undefined : await readPhoto(options.photo, io)
  const isDrawn = output !== undefined || preview
  const drawing = isDrawn ? drawKernel(kernel, facts, photo) : ''
  if (isDrawn) for (const note of undrawn(kernel, source, photo)) io.err(noteMessage(note))
  if (output !== undefined) await writeDrawing(drawing, output, options.zoom)
  await terminal?.showPreview(await renderSvg(drawing), io)
  if (json) await io.out(`${JSON.stringify(facts)}\n`)
  else if (output === undefined && !preview) await io.page(kernelText(kernel, facts, io.width))
  return 0
}

/** Returns the error for the name of an operation that neither is a kernel nor has kernels named after it. */
function operationError(error: unknown, source: string): ConvoError | undefined {
  const [name = ''] = source.split(':')
  const isPart = Object.keys(namedKernels).some((one) => one.startsWith(`${name}-`))
  if (!(error instanceof ConvoError) || error.code !== 'E_NAME' || isPart) return undefined
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined
  if (operation === undefined) return undefined
  return new ConvoError('E_NAME', `${name} is not one kernel, and show draws kernels`, {
    why: `${name} ${operation.summary}`,
    fix: `convo explain ${name}`,
  })
}

export function card(kernel: Kernel, name: string): { readonly facts: Facts; readonly svg: string } {
  const facts = factsOfKernel(kernel, name)
  return { facts, svg: drawKernel(kernel, facts) }
}

/** Draws a kernel as an SVG: a card for one plane, a sheet for several. */
export function drawKernel(kernel: Kernel, facts: Facts, photo?: Gray): string {
  const only = onlyPlane(kernel)
  return only === undefined ? drawSheet(kernel, facts) : drawCard(only, facts, photo)
}

/** Returns notes about what the drawing of a bank does not show. */
function undrawn(kernel: Kernel, source: string, photo: Gray | undefined): string[] {
  if (onlyPlane(kernel) !== undefined) return []
  const count = planesOf(kernel).length
  return [
    ...(count > mostPlanes ? [`${source} has ${count} planes: the first ${mostPlanes} are drawn`] : []),
    ...(photo === undefined ? [] : [`--photo was ignored: it needs a single plane, see --plane`]),
  ]
}

/** Reads the middle of a picture file, in gray. @throws ConvoError E_INPUT, E_DECODE */
async function readPhoto(path: string, io: Io): Promise<Gray> {
  const picture = await decode(path, { maxPixels: sharedSettings['max-pixels'].default, orient: true })
  const { width, height, channels, depth, data: samples, pages } = picture
  if (pages > 1) io.err(noteMessage(`${path} has ${pages} pages: the first is shown`))
  const full = fullOf(picture)
  if (hasAlpha(channels) && samples.some((v, i) => i % channels === channels - 1 && v < full))
    io.err(noteMessage(`${path} has transparent pixels and was flattened onto gray`))
  const gain = 255 / full
  const eight = depth === 8 ? samples : Uint8ClampedArray.from(samples, (v) => v * gain)
  const data = await nativeWork(() =>
    loadSharp()(eight, { raw: { width, height, channels } })
      .flatten({ background: '#808080' })
      .resize({ width: photoSide, height: photoSide, fit: 'cover' })
      .toColourspace('b-w')
      .raw({ depth: 'uchar' })
      .toBuffer(),
  )
  return { side: photoSide, data: Float64Array.from(data) }
}

const onlyPlane = (kernel: Kernel): Kernel | undefined => {
  const [height, width] = kernel.shape.slice(-2)
  return kernel.weights.length === height! * width! ? { ...kernel, shape: [height!, width!] } : undefined
}

/** Formats a kernel for a terminal: a title, the facts, then the planes. */
function kernelText(kernel: Kernel, facts: Facts, width: number): Message {
  const kind = terminalColours(process.stdout.isTTY === true, process.env)
  const most = largest(kernel.weights)
  const planes = planesOf(kernel)
  const columns = process.stdout.columns ?? width
  const parts = planes.slice(0, mostPrinted).map((plane) => {
    const label = planes.length > 1 ? `\n${plane.label}\n` : '\n'
    return [label, planeText(plane, most, Math.max(columns, 40), kind)]
  })
  const more = planes.length > mostPrinted ? `\nand ${planes.length - mostPrinted} more planes\n` : ''
  const line = wrap(factWords(facts).join(' · '), columns).join('\n')
  return [`${visibleLine(facts.name)}\n${line}\n`, parts, more]
}

const paint = (text: string, rgb: Colour, kind: TerminalColours): Message => {
  if (kind === 'none') return text
  const isDark = inkOn(rgb) === '#ffffff'
  if (kind === '256') return coloured(`38;5;${isDark ? 231 : 16};48;5;${cube(rgb)}`, text)
  const ink = isDark ? '255;255;255' : '31;41;51'
  return coloured(`38;2;${ink};48;2;${rgb.join(';')}`, text)
}

/**
 * Returns a plane as lines of cells with numbers, or undefined if they do not fit `width` columns.
 *
 * @param most the weight that gets the darkest colour
 */
function numbered(plane: Plane, most: number, width: number, kind: TerminalColours): Message | undefined {
  for (const digits of [4, 3, 2]) {
    // a digit and the blanks around it
    if (3 * plane.width > width) return undefined
    const numbers = Array.from(plane.weights, (w) => formatNumber(w, digits))
    const cell = numbers.reduce((longest, n) => Math.max(longest, n.length), 0) + 2
    if (cell * plane.width > width) continue
    return rowsOf(plane, (w, i) => paint(` ${numbers[i]!.padStart(cell - 2)} `, diverging(w / most), kind))
  }
  return undefined
}

const rowsOf = ({ height, width, weights }: Plane, cell: (w: number, i: number) => Message): Message =>
  Array.from({ length: height }, (_, y) => [
    Array.from({ length: width }, (_, x) => cell(weights[y * width + x]!, y * width + x)),
    '\n',
  ])

/**
 * Returns a plane for a terminal: cells with numbers if they fit, else cells two columns or one column wide without
 * numbers, else a message. Without colours there are always numbers.
 */
export function planeText(plane: Plane, most: number, width: number, kind: TerminalColours): Message {
  const withNumbers = numbered(plane, most, width, kind)
  if (withNumbers !== undefined) return withNumbers
  if (kind === 'none') {
    return rowsOf(plane, (w, i) => `${formatNumber(w, 4)}${i % plane.width === plane.width - 1 ? '' : ' '}`)
  }
  const blank = [2, 1].find((columns) => columns * plane.width <= width)
  if (blank === undefined) return `  too wide for ${width} columns\n`
  return rowsOf(plane, (w) => paint(' '.repeat(blank), diverging(w / most), kind))
}

import type { Box } from './data.ts'
import { levelOf, type Pixels, type Stretch, samplesAt } from './pixels.ts'

/** A decoded picture and its canvas. */
export type Shown = { readonly pixels: Pixels; readonly canvas: HTMLCanvasElement }

/** Where the pictures differ, and what occurs there: pixels that count, are tolerated, or were not compared. */
export type Difference = {
  readonly canvas: HTMLCanvasElement
  readonly boxes: readonly Box[]
  readonly kinds: readonly string[]
}

/** The pictures of a case. */
export type Scene = {
  readonly expected?: Shown
  readonly actual?: Shown
  readonly difference?: Difference
  readonly stretch: Stretch
}

/** A pixel under the pointer. */
export type Hover = {
  readonly x: number
  readonly y: number
  readonly expected: number[] | undefined
  readonly actual: number[] | undefined
}

export type Side = 'expected' | 'actual' | 'difference'

/** A part of the canvas: over its full height, or over its full width. */
export type Pane = { readonly side: Side } & Readonly<Record<'left' | 'top' | 'width' | 'height', number>>

/** How a pane is drawn. */
export type View = {
  readonly scene: Scene
  /** Screen pixels per pixel of the picture. */
  readonly scale: number
  /** The corner of the picture on the canvas. */
  readonly left: number
  readonly top: number
  readonly height: number
  readonly hover: Hover | undefined
  /** How much brighter pictures are drawn. Differences are not, since their colours have a meaning. */
  readonly gain: number
  /** The highlighted frame, -1 for none; undefined without frames. */
  readonly box: number | undefined
  /** The width of the pane that is drawn. */
  readonly clipTo?: number
  readonly labelAt?: 'right'
}

/** The scale from which the values are drawn in the pixels. */
const valuesFrom = 44
const gridFrom = 10

type Context = CanvasRenderingContext2D

/** Draws a picture in its pane, with grid, values, frames and label over it. */
export function drawPane(context: Context, pane: Pane, view: View): void {
  const { scene, scale, left, top, height, clipTo = pane.width } = view
  context.save()
  context.beginPath()
  context.rect(pane.left, 0, clipTo, height)
  context.clip()
  const image = scene[pane.side]?.canvas
  if (image !== undefined) {
    const [w, h] = [image.width * scale, image.height * scale]
    drawChecker(context, { left, top, w, h }, pane.left + pane.width, height)
    context.imageSmoothingEnabled = scale < 1
    context.imageSmoothingQuality = 'high'
    context.drawImage(image, left, top, w, h)
    if (view.gain > 1 && pane.side !== 'difference') brighten(context, view.gain, { left, top, w, h })
    if (scale >= gridFrom) drawGrid(context, pane, view, image)
  }
  if (scale >= valuesFrom) drawValues(context, pane, view)
  if (view.box !== undefined) drawBoxes(context, view, view.box)
  drawHover(context, view)
  drawLabel(context, pane, clipTo, view.labelAt)
  context.restore()
}

type Area = { readonly left: number; readonly top: number; readonly w: number; readonly h: number }

/** Multiplies what is drawn: it is divided by 1 - (1 - 1 / gain). */
function brighten(context: Context, gain: number, { left, top, w, h }: Area): void {
  const share = `${100 - 100 / gain}%`
  context.globalCompositeOperation = 'color-dodge'
  context.fillStyle = `rgb(${share} ${share} ${share})`
  context.fillRect(left, top, w, h)
  context.globalCompositeOperation = 'source-over'
}

function drawChecker(context: Context, { left, top, w, h }: Area, right: number, bottom: number): void {
  const isDark = document.documentElement.dataset.theme === 'dark'
  context.fillStyle = isDark ? '#2a2d34' : '#ffffff'
  context.fillRect(left, top, w, h)
  context.fillStyle = isDark ? '#34383f' : '#e3e5ea'
  const tile = 8
  context.save()
  context.beginPath()
  context.rect(left, top, w, h)
  context.clip()
  const [x0, x1] = [Math.max(0, Math.floor(-left / tile)), Math.min(w, right - left) / tile]
  const [y0, y1] = [Math.max(0, Math.floor(-top / tile)), Math.min(h, bottom - top) / tile]
  for (let y = y0; y < y1; y++) {
    for (let x = x0 + ((x0 + y) % 2); x < x1; x += 2) {
      context.fillRect(left + x * tile, top + y * tile, tile, tile)
    }
  }
  context.restore()
}

function drawGrid(
  context: Context,
  pane: Pane,
  { scale, left, top, height }: View,
  { width: columns, height: rows }: HTMLCanvasElement,
): void {
  const right = pane.left + pane.width
  context.strokeStyle = 'rgba(128,128,128,.28)'
  context.lineWidth = 1
  context.beginPath()
  for (let x = first(pane.left - left, scale); x <= columns && left + x * scale <= right; x++) {
    const at = Math.round(left + x * scale) + 0.5
    context.moveTo(at, Math.max(0, top))
    context.lineTo(at, Math.min(height, top + rows * scale))
  }
  for (let y = first(-top, scale); y <= rows && top + y * scale <= height; y++) {
    const at = Math.round(top + y * scale) + 0.5
    context.moveTo(Math.max(pane.left, left), at)
    context.lineTo(Math.min(right, left + columns * scale), at)
  }
  context.stroke()
}

/** The first visible pixel if `hidden` screen pixels are outside. */
const first = (hidden: number, scale: number): number => Math.max(0, Math.floor(hidden / scale))

/** Draws the samples in their pixels, and highlights those that differ. */
function drawValues(context: Context, pane: Pane, { scene, scale, left, top, height }: View): void {
  const pixels = (pane.side === 'difference' ? scene.actual : scene[pane.side])?.pixels
  if (pixels === undefined) return
  const size = Math.min(13, scale / { 8: 3.6, 16: 4.6, 32: 6.6 }[pixels.depth])
  const font = `${size}px ui-monospace, Menlo, Consolas, monospace`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.lineJoin = 'round'
  context.lineWidth = 2.5
  const right = pane.left + pane.width
  for (let y = first(-top, scale); y < pixels.height && top + y * scale < height; y++) {
    for (let x = first(pane.left - left, scale); x < pixels.width && left + x * scale < right; x++) {
      const values = samplesAt(pixels, x, y) ?? []
      const changes = changesAt(scene, x, y)
      const lines = pane.side === 'difference' ? (changes?.map(signed) ?? []) : values.map(briefly)
      const isBright = levelOf(values[values.length >= 3 ? 1 : 0] ?? 0, pixels.depth, scene.stretch) > 140
      const step = scale / (lines.length + 0.6)
      lines.forEach((line, i) => {
        const differs = changes !== undefined && changes[i] !== 0
        context.font = differs ? `bold ${font}` : font
        const isDark = isBright && pane.side !== 'difference'
        const at = [left + (x + 0.5) * scale, top + y * scale + (i + 0.8) * step] as const
        // the outline keeps values readable on any colour
        context.strokeStyle = isDark ? 'rgba(255,255,255,.6)' : 'rgba(0,0,0,.7)'
        context.strokeText(line, ...at)
        context.fillStyle = inkOf(isDark, differs && pane.side !== 'difference')
        context.fillText(line, ...at)
      })
    }
  }
}

function inkOf(isBright: boolean, differs: boolean): string {
  if (differs) return isBright ? '#a8003a' : '#ffd166'
  return isBright ? 'rgba(0,0,0,.8)' : 'rgba(255,255,255,.86)'
}

/** The changes of a pixel's samples; undefined if they are equal or cannot be compared. */
function changesAt({ expected, actual }: Scene, x: number, y: number): number[] | undefined {
  const [a, b] = [samplesAt(expected?.pixels, x, y), samplesAt(actual?.pixels, x, y)]
  if (a === undefined || b === undefined || a.length !== b.length) return undefined
  const changes = b.map((value, i) => value - a[i]!)
  return changes.every((change) => change === 0) ? undefined : changes
}

function drawBoxes(context: Context, { scene, scale, left, top }: View, chosen: number): void {
  const { width: w = 1, height: h = 1 } = scene.difference?.canvas ?? {}
  for (const [i, box] of (scene.difference?.boxes ?? []).entries()) {
    // a frame around nearly all of the picture is no help
    if (i !== chosen && box.width * box.height > 0.9 * w * h) continue
    const grown = 3
    const corner: [number, number, number, number] = [
      left + box.x * scale - grown - 0.5,
      top + box.y * scale - grown - 0.5,
      box.width * scale + 2 * grown + 1,
      box.height * scale + 2 * grown + 1,
    ]
    context.lineWidth = i === chosen ? 4 : 3
    context.strokeStyle = 'rgba(0,0,0,.45)'
    context.strokeRect(...corner)
    context.lineWidth = i === chosen ? 2 : 1.25
    context.strokeStyle = i === chosen ? '#ffd166' : '#ff4d83'
    context.strokeRect(...corner)
  }
}

function drawHover(context: Context, { hover, scale, left, top }: View): void {
  if (hover === undefined || scale < 4) return
  context.lineWidth = 1.5
  context.strokeStyle = '#ffd166'
  context.strokeRect(left + hover.x * scale, top + hover.y * scale, scale, scale)
}

function drawLabel(context: Context, { side, left, width }: Pane, clipTo: number, at?: 'right'): void {
  context.font = '600 12px system-ui, sans-serif'
  const w = context.measureText(side).width + 18
  const x = at === 'right' ? left + width - w - 10 : left + 10
  if (w + 10 > Math.min(clipTo, width)) return
  context.fillStyle = 'rgba(16,18,24,.72)'
  context.beginPath()
  context.roundRect(x, 10, w, 22, 11)
  context.fill()
  context.fillStyle = '#fff'
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  context.fillText(side, x + 9, 21.5)
}

/** The line between two panes. */
export function drawSeam(context: Context, left: number, top: number, width: number, height: number): void {
  context.fillStyle = 'rgb(128,134,150)'
  context.fillRect(left, top, width, height)
}

/** The line between two pictures, with a handle. */
export function drawDivider(context: Context, at: number, height: number): void {
  context.fillStyle = 'rgba(0,0,0,.35)'
  context.fillRect(at - 2, 0, 4, height)
  context.fillStyle = '#fff'
  context.fillRect(at - 1, 0, 2, height)
  context.beginPath()
  context.arc(at, height / 2, 16, 0, 2 * Math.PI)
  context.fill()
  context.strokeStyle = 'rgba(0,0,0,.35)'
  context.lineWidth = 1
  context.stroke()
  context.strokeStyle = '#3a3f4b'
  context.lineWidth = 2
  context.beginPath()
  for (const direction of [-1, 1]) {
    context.moveTo(at + direction * 4, height / 2 - 5)
    context.lineTo(at + direction * 9, height / 2)
    context.lineTo(at + direction * 4, height / 2 + 5)
  }
  context.stroke()
}

/** A sample: an integer, or 7 digits, which nearly always distinguish adjacent floats. */
export const briefly = (n: number): string => String(Number.isInteger(n) ? n : Number(n.toPrecision(7)))

/** A number with its sign; a true minus. */
export const signed = (n: number): string =>
  n > 0 ? `+${difference(n)}` : n < 0 ? `−${difference(-n)}` : String(n)

const difference = (n: number): string => String(Number(n.toPrecision(4)))

import { sizeToFit, textWidth, wrapText } from '../draw/measure.ts'
import { type Cell, type Frame, type Panel, type Scene, show, type Tone } from './scene.ts'

export type CellBox = {
  readonly kind: 'cell'
  readonly x: number
  readonly y: number
  readonly size: number
  readonly tone: Tone
  readonly cell: Cell
}

/** A line of text and its position: x is its start or middle, y the middle of its digits. */
export type TextBox = {
  readonly kind: 'text'
  readonly content: string
  readonly x: number
  readonly y: number
  readonly size: number
  readonly font: 'sans' | 'mono'
  readonly anchor: 'start' | 'middle'
  readonly role: 'title' | 'label' | 'value' | 'pad' | 'corner' | 'sign' | 'caption'
}

/** An edge between two planes of a stack. */
export type EdgeBox = {
  readonly kind: 'edge'
  readonly from: readonly [x: number, y: number]
  readonly to: readonly [x: number, y: number]
}

export type Box = CellBox | TextBox | EdgeBox

/** A scene with positions, in pixels. */
export type Laid = Pick<Scene, 'title'> & {
  readonly width: number
  readonly height: number
  readonly frames: readonly (readonly Box[])[]
}

const margin = 20
const gap = 14
const signWidth = 18
const titleSize = 13
const labelSize = 10
const captionSize = 13
const captionLine = 20
/** The space below a plane of a stack, with room for a label, and how far the next plane is shifted to the right. */
const planeGap = 17
const planeShift = 12
const headHeight = 62
const narrowest = 680
const bestWidth = 900
const bestHeight = 520
const largestCell = 44
const smallestCell = 26

const labelRoom = ({ planes }: Panel): number =>
  planes.some(({ title }) => title !== undefined) ? planeGap : 0

function panelSize(panel: Panel, cell: number): { width: number; inner: number; height: number } {
  const { planes, title } = panel
  const steps = planes.length - 1
  const inner = Math.max(...planes.map(({ columns }) => columns)) * cell + steps * planeShift
  const labels = planes.map((plane, p) => p * planeShift + textWidth(plane.title ?? '', labelSize))
  const width = Math.max(inner, textWidth(title, titleSize), ...labels)
  const rows = planes.reduce((sum, plane) => sum + plane.rows, 0)
  return { width, inner, height: rows * cell + steps * planeGap + labelRoom(panel) + titleSize + 8 }
}

const partWidth = (part: Frame['parts'][number], cell: number): number =>
  part.kind === 'sign' ? signWidth : panelSize(part, cell).width

const rowWidth = ({ parts }: Frame, cell: number): number =>
  parts.reduce((sum, part) => sum + partWidth(part, cell), 0) + (parts.length - 1) * gap

const rowHeight = ({ parts }: Frame, cell: number): number =>
  Math.max(...parts.map((part) => (part.kind === 'sign' ? 0 : panelSize(part, cell).height)))

/**
 * Gives every part of a scene its position. Cells are as large as a page allows, but never too small to read, so a
 * large scene becomes a large picture.
 */
export function layOut(scene: Scene): Laid {
  const { frames } = scene
  let cell = largestCell
  const isTooLarge = () =>
    frames.some((f) => rowWidth(f, cell) > bestWidth - 2 * margin || rowHeight(f, cell) > bestHeight)
  while (cell > smallestCell && isTooLarge()) cell--
  const longest = Math.max(
    ...frames.flatMap(({ caption }) => caption.map((l) => textWidth(l, captionSize, { font: 'mono' }))),
  )
  const heads = [textWidth(scene.title, 17, { bold: true }), textWidth(scene.formula, 12)]
  const width = Math.ceil(
    Math.max(
      narrowest,
      Math.min(bestWidth, longest + 2 * margin + 1),
      ...heads.map((w) => w + 2 * margin),
      ...frames.map((f) => rowWidth(f, cell) + 2 * margin),
    ),
  )
  const high = Math.max(...frames.map((f) => rowHeight(f, cell)))
  const captions = frames.map(({ caption }) =>
    caption.flatMap((line) => wrapText(line, width - 2 * margin, captionSize, { font: 'mono' })),
  )
  const lines = Math.max(...captions.map((c) => c.length))
  const captionTop = headHeight + high + 22
  const head = [
    label('title', scene.title, margin, 24, 17, 'start'),
    label('label', scene.formula, margin, 47, 12, 'start'),
  ]
  return {
    title: scene.title,
    width,
    height: Math.ceil(captionTop + lines * captionLine + 14),
    frames: frames.map((frame, f) => [
      ...head,
      ...row(frame, { cell, high, width }),
      ...captions[f]!.map((line, l) =>
        label('caption', line, margin, captionTop + (l + 0.5) * captionLine, captionSize, 'start', 'mono'),
      ),
    ]),
  }
}

const label = (
  role: TextBox['role'],
  content: string,
  x: number,
  y: number,
  size: number,
  anchor: TextBox['anchor'],
  font: TextBox['font'] = 'sans',
): TextBox => ({ kind: 'text', content, x, y, size, font, anchor, role })

type Sizes = { readonly cell: number; readonly high: number; readonly width: number }

function row(frame: Frame, sizes: Sizes): Box[] {
  const { cell, high, width } = sizes
  const middle = headHeight + high / 2
  let x = (width - rowWidth(frame, cell)) / 2
  return frame.parts.flatMap((part): Box[] => {
    const left = x
    const own = partWidth(part, cell)
    x += own + gap
    if (part.kind === 'sign') return [label('sign', part.sign, left + own / 2, middle + 8, 20, 'middle')]
    return panelBoxes(part, left, middle, sizes)
  })
}

function panelBoxes(panel: Panel, left: number, middle: number, sizes: Sizes): Box[] {
  const { cell } = sizes
  const { width, inner, height } = panelSize(panel, cell)
  const top = middle - height / 2
  const x0 = left + (width - inner) / 2
  const boxes: Box[] = [
    label('label', panel.title, left + width / 2, top + titleSize / 2, titleSize, 'middle'),
  ]
  let y = top + titleSize + 8 + labelRoom(panel)
  panel.planes.forEach((plane, p) => {
    const x = x0 + p * planeShift
    if (plane.title !== undefined) boxes.push(label('label', plane.title, x, y - 8, labelSize, 'start'))
    plane.cells.forEach((content, k) => {
      const at = { x: x + (k % plane.columns) * cell, y: y + Math.floor(k / plane.columns) * cell }
      boxes.push({ kind: 'cell', ...at, size: cell, tone: panel.tone, cell: content })
      boxes.push(...cellTexts(content, at, cell))
    })
    const bottom = y + plane.rows * cell
    if (p < panel.planes.length - 1) {
      const side = plane.columns * cell
      boxes.push({ kind: 'edge', from: [x, bottom], to: [x + planeShift, bottom + planeGap] })
      // the edge would cross a label as wide as the plane
      const labelled = textWidth(panel.planes[p + 1]!.title ?? '', labelSize)
      if (labelled < side - 4)
        boxes.push({ kind: 'edge', from: [x + side, bottom], to: [x + side + planeShift, bottom + planeGap] })
    }
    y = bottom + planeGap
  })
  return boxes
}

function cellTexts({ value, corner, mark }: Cell, at: { x: number; y: number }, cell: number): TextBox[] {
  const texts: TextBox[] = []
  const lifted = corner === undefined ? 0.5 : 0.36
  if (value !== undefined) {
    const role = mark === 'pad' || mark === 'cut' ? 'pad' : 'value'
    const size = sizeToFit(show(value), cell - 4, cell * 0.4, { font: 'mono' })
    texts.push(label(role, show(value), at.x + cell / 2, at.y + cell * lifted, size, 'middle', 'mono'))
  }
  if (corner !== undefined) {
    const small = sizeToFit(corner, cell - 5, cell * 0.33, { font: 'mono' })
    const half = textWidth(corner, small, { font: 'mono' }) / 2
    texts.push(label('corner', corner, at.x + cell - 2 - half, at.y + cell * 0.8, small, 'middle', 'mono'))
  }
  return texts
}

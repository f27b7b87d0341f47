import type { Box } from './data.ts'
import { drawDivider, drawPane, drawSeam, type Hover, type Pane, type Scene, type Side } from './draw.ts'
import { samplesAt } from './pixels.ts'

export type Mode = 'side' | 'slider' | 'blink' | 'difference' | 'expected' | 'actual'

const maxScale = 96
/** The largest scale that fits a picture. A picture of few pixels is shown with the values in them. */
const mostFit = 64
const gap = 2
/** On narrower canvases that are not flat, two pictures are one below the other. */
const narrow = 560
const blinkMilliseconds = 600

/** A canvas that shows a scene: panned by dragging, zoomed by the wheel about the pointer. */
export function createViewer(
  canvas: HTMLCanvasElement,
  events: { hover(at: Hover | undefined): void; changed(): void },
) {
  const context = canvas.getContext('2d')!
  let scene: Scene = { stretch: { from: 0, factor: 1 } }
  let mode: Mode = 'side'
  let scale = 1
  let [centreX, centreY] = [0, 0]
  let [width, height] = [0, 0]
  let divider = 0.5
  let blinkSide: Side = 'expected'
  let blinking: number | undefined
  let hover: Hover | undefined
  let showBoxes = true
  let gain = 1
  let boxIndex = -1
  let fitted = true
  let queued = false

  const size = () => {
    const all = [scene.expected, scene.actual].filter((one) => one !== undefined)
    return {
      width: Math.max(1, ...all.map(({ pixels }) => pixels.width)),
      height: Math.max(1, ...all.map(({ pixels }) => pixels.height)),
    }
  }

  const panes = (): Pane[] => {
    const whole = (side: Side): Pane[] => [{ side, left: 0, top: 0, width, height }]
    if (scene.expected === undefined) return whole('actual')
    if (scene.actual === undefined) return whole('expected')
    if (mode !== 'side') return whole(mode === 'blink' ? blinkSide : mode === 'slider' ? 'actual' : mode)
    const isStacked = width < narrow && height > width / 2
    const half = isStacked ? { width, height: (height - gap) / 2 } : { width: (width - gap) / 2, height }
    const next = isStacked ? { left: 0, top: half.height + gap } : { left: half.width + gap, top: 0 }
    return [
      { side: 'expected', left: 0, top: 0, ...half },
      { side: 'actual', ...next, ...half },
    ]
  }

  /** The scale at which something fits the first pane, with a margin. */
  const scaleFor = (what: { width: number; height: number }, margin = 0) => {
    const [pane = { width, height }] = panes()
    return Math.min((pane.width - margin) / what.width, (pane.height - margin) / what.height)
  }

  const fitScale = () => {
    const room = scaleFor(size(), 24)
    return Math.max(0.01, room >= 2 ? Math.min(mostFit, Math.floor(room)) : room)
  }

  function fitPicture(): void {
    const picture = size()
    fitted = true
    scale = fitScale()
    ;[centreX, centreY] = [picture.width / 2, picture.height / 2]
    queue()
  }

  /** Zooms by a factor; the point of the picture at (x, y) of the canvas stays where it is. */
  function zoom(factor: number, x?: number, y?: number): void {
    const pane = paneAt(x ?? 0, y ?? 0) ?? panes()[0]!
    const [middleX, middleY] = [pane.left + pane.width / 2, pane.top + pane.height / 2]
    const next = Math.min(maxScale, Math.max(Math.min(fitScale(), 1) / 4, scale * factor))
    const [dx, dy] = [(x ?? middleX) - middleX, (y ?? middleY) - middleY]
    centreX += dx / scale - dx / next
    centreY += dy / scale - dy / next
    scale = next
    moved()
  }

  function resize(): void {
    const box = canvas.getBoundingClientRect()
    const ratio = window.devicePixelRatio || 1
    ;[width, height] = [box.width, box.height]
    canvas.width = Math.max(1, Math.round(width * ratio))
    canvas.height = Math.max(1, Math.round(height * ratio))
    if (fitted) fitPicture()
    queue()
  }

  /** Draws again after the view was moved by hand, which then no longer fits by itself. */
  function moved(): void {
    fitted = false
    queue()
  }

  function queue(): void {
    if (queued) return
    queued = true
    requestAnimationFrame(() => {
      queued = false
      draw()
      events.changed()
    })
  }

  function draw(): void {
    const ratio = window.devicePixelRatio || 1
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, width, height)
    if (scene.expected === undefined && scene.actual === undefined) return
    const isSliding = mode === 'slider' && scene.expected !== undefined && scene.actual !== undefined
    const all = panes()
    for (const pane of all) drawIn(pane, isSliding ? { labelAt: 'right' } : {})
    const [first, second] = all
    if (second !== undefined && second.top > 0) drawSeam(context, 0, first!.height, width, gap)
    else if (second !== undefined) drawSeam(context, first!.width, 0, gap, height)
    if (!isSliding) return
    const at = Math.round(divider * width)
    drawIn({ side: 'expected', left: 0, top: 0, width, height }, { clipTo: at })
    drawDivider(context, at, height)
  }

  function drawIn(pane: Pane, how: { clipTo?: number; labelAt?: 'right' }): void {
    const [left, top] = originOf(pane)
    context.save()
    context.translate(0, pane.top)
    drawPane(context, pane, {
      scene,
      scale,
      left,
      top: top - pane.top,
      height: pane.height,
      hover,
      gain,
      box: showBoxes && mode !== 'difference' ? boxIndex : undefined,
      ...how,
    })
    context.restore()
  }

  /** Where the corner of the picture is on the canvas. */
  const originOf = (pane: Pane): [left: number, top: number] => [
    Math.round(pane.left + pane.width / 2 - centreX * scale),
    Math.round(pane.top + pane.height / 2 - centreY * scale),
  ]

  const paneAt = (x: number, y: number): Pane | undefined =>
    panes().find(
      (one) => x >= one.left && x < one.left + one.width && y >= one.top && y < one.top + one.height,
    )

  function hoverAt(x: number, y: number): Hover | undefined {
    const pane = paneAt(x, y)
    if (pane === undefined) return undefined
    const [left, top] = originOf(pane)
    const [px, py] = [Math.floor((x - left) / scale), Math.floor((y - top) / scale)]
    const picture = size()
    if (px < 0 || py < 0 || px >= picture.width || py >= picture.height) return undefined
    const [expected, actual] = [scene.expected?.pixels, scene.actual?.pixels]
    return { x: px, y: py, expected: samplesAt(expected, px, py), actual: samplesAt(actual, px, py) }
  }

  function listen(): void {
    let drag: { x: number; y: number; slides: boolean } | undefined
    const place = (event: PointerEvent | WheelEvent | MouseEvent): [number, number] => {
      const box = canvas.getBoundingClientRect()
      return [event.clientX - box.left, event.clientY - box.top]
    }
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return
      const [x, y] = place(event)
      const slides = mode === 'slider' && (fitted || Math.abs(x - divider * width) < 20)
      drag = { x, y, slides }
      canvas.setPointerCapture(event.pointerId)
      if (slides) slideTo(x / width)
    })
    canvas.addEventListener('pointermove', (event) => {
      const [x, y] = place(event)
      if (drag?.slides) slideTo(x / width)
      else if (drag !== undefined) {
        centreX -= (x - drag.x) / scale
        centreY -= (y - drag.y) / scale
        drag = { x, y, slides: false }
        fitted = false
      }
      hover = hoverAt(x, y)
      events.hover(hover)
      queue()
    })
    for (const name of ['pointerup', 'pointercancel'] as const) {
      canvas.addEventListener(name, () => {
        drag = undefined
      })
    }
    canvas.addEventListener('pointerleave', () => {
      hover = undefined
      events.hover(undefined)
      queue()
    })
    canvas.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault()
        const lines = event.deltaMode === 1 ? 24 : 1
        zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0018)), ...place(event))
      },
      { passive: false },
    )
    canvas.addEventListener('dblclick', (event) => {
      if (fitted) zoom(Math.max(2, 8 / scale), ...place(event))
      else fitPicture()
    })
    new ResizeObserver(resize).observe(canvas)
  }

  function slideTo(share: number): void {
    divider = Math.min(1, Math.max(0, share))
    queue()
  }

  function blink(): void {
    blinkSide = blinkSide === 'expected' ? 'actual' : 'expected'
    queue()
  }

  function stopBlinking(): void {
    window.clearInterval(blinking)
    blinking = undefined
  }

  function setMode(next: Mode): void {
    const refit = fitted
    mode = next
    stopBlinking()
    if (mode === 'blink') blinking = window.setInterval(blink, blinkMilliseconds)
    if (refit) fitPicture()
    queue()
  }

  listen()
  resize()
  return {
    show(next: Scene) {
      const before = size()
      scene = next
      hover = undefined
      boxIndex = -1
      const now = size()
      if (fitted || before.width !== now.width || before.height !== now.height) fitPicture()
      queue()
    },
    setMode,
    fit: fitPicture,
    zoom,
    /** Moves the view by a share of its size. */
    pan(x: number, y: number) {
      const [pane = { width, height }] = panes()
      centreX += (x * pane.width) / scale
      centreY += (y * pane.height) / scale
      moved()
    },
    brighten(factor: number) {
      gain = factor
      queue()
    },
    /** One pixel of the picture on one of the screen. */
    oneToOne() {
      scale = 1 / (window.devicePixelRatio || 1)
      moved()
    },
    /** Moves the divider by a share of the width. */
    slideBy: (by: number) => slideTo(divider + by),
    slideTo,
    /** Shows the other picture, and keeps it. */
    flip() {
      stopBlinking()
      blink()
    },
    toggleBoxes() {
      showBoxes = !showBoxes
      queue()
    },
    /** Goes to the next place that differs. */
    nextDifference(step: number) {
      const boxes = scene.difference?.boxes ?? []
      if (boxes.length === 0) return
      boxIndex = (boxIndex + step + boxes.length) % boxes.length
      goTo(boxes[boxIndex]!)
    },
    redraw: queue,
    scene: () => scene,
    state: () => ({
      mode,
      scale,
      divider,
      blinkSide,
      gain,
      box: boxIndex,
      boxes: scene.difference?.boxes.length ?? 0,
    }),
  }

  function goTo(box: Box): void {
    const room = scaleFor({ width: box.width + 8, height: box.height + 8 })
    scale = Math.min(maxScale / 2, Math.max(fitScale(), room))
    ;[centreX, centreY] = [box.x + box.width / 2, box.y + box.height / 2]
    moved()
  }
}

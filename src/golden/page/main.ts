import { visible as escaped, visibleLine } from '../../text/visible.ts'
import type { ReportCase, ReportData } from './data.ts'
import { byId, copyText, h, setText } from './dom.ts'
import { briefly, type Hover, signed } from './draw.ts'
import { caseItem, commandText, type Filter, filterChips, filtered, type Mark, statusDot } from './list.ts'
import { createPictures } from './pictures.ts'
import { plain } from './pixels.ts'
import { createViewer, type Mode } from './viewer.ts'

const data = JSON.parse(byId('data').textContent ?? '') as ReportData

const modes: readonly (readonly [mode: Mode, label: string, hint: string])[] = [
  ['side', 'Side by side', '1'],
  ['slider', 'Slider', '2'],
  ['blink', 'Blink', '3'],
  ['difference', 'Difference', '4'],
  ['expected', 'Expected', '5'],
  ['actual', 'Actual', '6'],
]

let filter: Filter = { statuses: new Set(), text: '' }
let current: ReportCase | undefined
let mode: Mode = 'side'
let shown = 0
const marks = new Map<string, Mark>()
const pictures = createPictures(data.cases, data.beside)

const viewer = createViewer(byId('canvas') as HTMLCanvasElement, { hover: showHover, changed: showZoom })

function visible(): ReportCase[] {
  return filtered(data.cases, filter)
}

// The list

function showList(): void {
  const cases = visible()
  byId('chips').replaceChildren(...filterChips(data.counts, filter.statuses, toggleStatus))
  const items = cases.map((one) => {
    const { item, thumbnail } = caseItem(one, one === current, marks.get(one.name), () => select(one))
    const number = one.actual ?? one.expected
    if (number === undefined) thumbnail.append(statusDot(one.status))
    else pictures.fillLater(thumbnail, number)
    return item
  })
  byId('cases').replaceChildren(...items)
  byId('none').hidden = cases.length > 0
}

function toggleStatus(status: string): void {
  const statuses = new Set(filter.statuses)
  if (!statuses.delete(status)) statuses.add(status)
  filter = { ...filter, statuses }
  keepCurrent()
}

function keepCurrent(): void {
  const cases = visible()
  if (current === undefined || !cases.includes(current)) select(cases[0])
  else showList()
}

function step(by: number): void {
  const cases = visible()
  const at = current === undefined ? -1 : cases.indexOf(current)
  const next = cases[Math.min(cases.length - 1, Math.max(0, at + by))]
  if (next !== current) select(next)
}

// One case

function select(one: ReportCase | undefined): void {
  current = one
  showList()
  showCommand()
  document.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  byId('case').hidden = one === undefined
  if (one === undefined) return
  document.title = escaped(`${one.name} · ${data.title}`)
  setText('name', visibleLine(one.name))
  const status = byId('status')
  status.className = `badge ${one.status}`
  status.replaceChildren(statusDot(one.status), one.status)
  setText('message', one.message)
  byId('why').replaceChildren(...one.why.map((line) => h('li', {}, line)))
  byId('facts').replaceChildren(
    ...one.facts.map(([label, value]) => h('div', {}, h('dt', {}, label), h('dd', {}, value))),
  )
  void showPictures(one)
}

async function showPictures(one: ReportCase): Promise<void> {
  const number = ++shown
  const hasPictures = one.expected !== undefined || one.actual !== undefined
  delete byId('viewer').dataset.ready
  byId('viewer').dataset.state = hasPictures ? 'pictures' : 'none'
  byId('toolbar').hidden = !hasPictures
  byId('readout').hidden = !hasPictures
  byId('nothing').textContent =
    one.unshown ?? (one.status === 'pass' ? 'Every pixel equals its golden.' : 'There is no picture to show.')
  if (!hasPictures) return viewer.show({ stretch: plain })
  const scene = await pictures.sceneOf(one, () => number === shown)
  if (scene === undefined || number !== shown) return
  viewer.show(scene)
  const isPair = scene.expected !== undefined && scene.actual !== undefined
  setMode(isPair ? mode : scene.actual === undefined ? 'expected' : 'actual', isPair)
  for (const button of document.querySelectorAll<HTMLButtonElement>('#modes button')) {
    button.disabled = !isPair && button.dataset.mode !== (scene.actual === undefined ? 'expected' : 'actual')
  }
  requestAnimationFrame(() => {
    if (number === shown) byId('viewer').dataset.ready = one.name
  })
}

function setMode(next: Mode, keep = true): void {
  if (keep) mode = next
  viewer.setMode(next)
  for (const button of document.querySelectorAll('#modes button')) {
    button.setAttribute('aria-pressed', String((button as HTMLElement).dataset.mode === next))
  }
  const { difference } = viewer.scene()
  byId('legend').hidden = next !== 'difference' || (difference?.kinds.length ?? 0) === 0
  for (const kind of ['counted', 'tolerated', 'ignored'])
    byId(kind).hidden = difference?.kinds.includes(kind) !== true
}

function showHover(at: Hover | undefined): void {
  const readout = byId('readout')
  readout.replaceChildren()
  if (at === undefined) {
    readout.append(h('span', { class: 'faint' }, 'hover over a pixel to see its values'))
    return
  }
  const { x, y, expected, actual } = at
  const list = (values: readonly number[]) => values.map(briefly).join(' ')
  const differences =
    expected?.length === actual?.length ? actual?.map((value, i) => value - expected![i]!) : undefined
  const isSame = differences?.every((d) => d === 0)
  const change = isSame ? 'equal' : `Δ ${differences?.map(signed).join(' ')}`
  readout.append(
    h('b', {}, `${x}, ${y}`),
    ...(expected === undefined ? [] : [h('span', {}, h('i', {}, 'expected '), list(expected))]),
    ...(actual === undefined ? [] : [h('span', {}, h('i', {}, 'actual '), list(actual))]),
    ...(differences === undefined ? [] : [h('span', { class: isSame ? 'same' : 'differs' }, change)]),
  )
}

function showZoom(): void {
  const { scale, box, boxes, mode: now, divider, blinkSide, gain } = viewer.state()
  const percent = scale * (window.devicePixelRatio || 1) * 100
  byId('zoom').textContent = `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`
  byId('places').textContent =
    boxes === 0 ? '' : box < 0 ? `${boxes} ${boxes === 1 ? 'place' : 'places'}` : `${box + 1} of ${boxes}`
  byId('next').hidden = boxes === 0
  Object.assign(byId('canvas').dataset, { mode: now, divider: divider.toFixed(3), blink: blinkSide, gain })
}

// Decisions

function markCurrent(mark: Mark): void {
  if (current?.approve === undefined) return
  if (marks.get(current.name) === mark) marks.delete(current.name)
  else marks.set(current.name, mark)
  const before = current
  const isMarked = marks.has(before.name)
  showList()
  showCommand()
  if (isMarked) step(1)
}

/** The command that approves the marked cases, or accepts everything if cases are not approved one by one. */
const command = (): string => data.accept ?? commandText(data.cases, marks, current)

function showCommand(): void {
  const text = command()
  setText('command', text)
  const isToMark = data.cases.some(({ approve }) => approve !== undefined)
  byId('decide').hidden = !isToMark && data.accept === undefined
  byId('approve').hidden = byId('reject').hidden = !isToMark
  ;(byId('copy') as HTMLButtonElement).disabled = text === ''
  for (const name of ['approve', 'reject'] as const) {
    const button = byId(name) as HTMLButtonElement
    button.disabled = current?.approve === undefined
    button.setAttribute('aria-pressed', String(current !== undefined && marks.get(current.name) === name))
  }
}

async function copy(): Promise<void> {
  const text = command()
  if (text === '') return
  await copyText(text)
  const button = byId('copy')
  button.dataset.done = 'true'
  button.textContent = 'Copied'
  window.setTimeout(() => {
    delete button.dataset.done
    button.textContent = 'Copy'
  }, 1400)
}

// Theme, keys, start

const gains = [1, 4, 16] as const
let gain = 0

function nextGain(): void {
  gain = (gain + 1) % gains.length
  const factor = gains[gain]!
  viewer.brighten(factor)
  const button = byId('gain')
  button.textContent = `×${factor}`
  button.setAttribute('aria-pressed', String(factor > 1))
}

function setTheme(theme: string): void {
  document.documentElement.dataset.theme = theme
  viewer.redraw()
}

const toggleTheme = (): void => setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark')

const help = byId('help') as HTMLDialogElement

const keys: Readonly<Record<string, () => void>> = {
  j: () => step(1),
  ArrowDown: () => step(1),
  k: () => step(-1),
  ArrowUp: () => step(-1),
  ...Object.fromEntries(modes.map(([name, , key]) => [key, () => isUsable(name) && setMode(name)])),
  ' ': () => {
    if (viewer.state().mode !== 'blink' && isUsable('blink')) setMode('blink')
    viewer.flip()
  },
  ArrowLeft: () => viewer.slideBy(-0.02),
  ArrowRight: () => viewer.slideBy(0.02),
  ShiftArrowLeft: () => viewer.pan(-0.1, 0),
  ShiftArrowRight: () => viewer.pan(0.1, 0),
  ShiftArrowUp: () => viewer.pan(0, -0.1),
  ShiftArrowDown: () => viewer.pan(0, 0.1),
  n: () => viewer.nextDifference(1),
  N: () => viewer.nextDifference(-1),
  b: () => viewer.toggleBoxes(),
  f: () => viewer.fit(),
  '0': () => viewer.oneToOne(),
  '+': () => viewer.zoom(1.5),
  '=': () => viewer.zoom(1.5),
  '-': () => viewer.zoom(1 / 1.5),
  a: () => markCurrent('approve'),
  r: () => markCurrent('reject'),
  c: () => void copy(),
  g: nextGain,
  t: toggleTheme,
  '/': () => byId('search').focus(),
  '?': () => help.showModal(),
}

/** The buttons, each with the key that does the same. */
const buttons = { theme: 't', keys: '?', fit: 'f', one: '0', in: '+', out: '-', next: 'n', gain: 'g' }
const decisions = { approve: 'a', reject: 'r', copy: 'c' }

const isUsable = (name: Mode): boolean =>
  document.querySelector<HTMLButtonElement>(`#modes [data-mode="${name}"]`)?.disabled === false

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return
  const target = event.target as HTMLElement
  if (target.id === 'search') {
    if (event.key === 'Escape' || event.key === 'Enter') target.blur()
    return
  }
  // A button in focus is pressed by the space bar.
  if (event.key === ' ' && target.tagName === 'BUTTON') return
  const act = keys[`${event.shiftKey && event.key.startsWith('Arrow') ? 'Shift' : ''}${event.key}`]
  if (act === undefined) return
  event.preventDefault()
  act()
})

function start(): void {
  setText('brand', data.title.split(':')[0] ?? '')
  setText('verdict', data.verdict)
  document.documentElement.dataset.outcome = data.failed === 0 ? 'passed' : 'failed'
  byId('about').replaceChildren(
    ...data.about.map((line) => h('span', {}, line)),
    ...(data.links ?? []).map(({ text, url }) => h('a', { href: url }, text)),
  )
  byId('modes').replaceChildren(
    ...modes.map(([name, label, key]) =>
      h(
        'button',
        { type: 'button', 'data-mode': name, title: `${label} (${key})`, onclick: () => setMode(name) },
        label,
      ),
    ),
  )
  byId('search').addEventListener('input', (event) => {
    filter = { ...filter, text: (event.target as HTMLInputElement).value }
    keepCurrent()
  })
  for (const [id, key] of Object.entries({ ...buttons, ...decisions }))
    byId(id).addEventListener('click', () => keys[key]!())
  const dark = window.matchMedia('(prefers-color-scheme: dark)')
  setTheme(dark.matches ? 'dark' : 'light')
  dark.addEventListener('change', () => setTheme(dark.matches ? 'dark' : 'light'))
  showHover(undefined)
  select(visible()[0])
}

start()

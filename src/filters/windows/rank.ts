import type { Engine } from '../../definition/engine.ts'
import { type Ranked, type RankWay, rankWay, sizeOfElement } from '../../definition/windows.ts'
import { type Arithmetic, type Operator, operator } from '../../operators/operator.ts'
import { number, type Params, type Values } from '../../params.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { type Outside, outside } from '../outside.ts'
import { type Placed, turned, windowOf, windowParams } from './element.ts'

// Filters that sort the samples of a window. Selection is exact: a result is one of the samples, or the difference of
// two.

/**
 * Returns the sample of a rank in the window around every pixel. If `outside` is undefined, samples outside do not
 * count.
 */
async function ranked(
  engine: Engine,
  x: Tensor,
  { element, anchor: [y, left] }: Placed,
  index: number,
  outside: Outside | undefined,
): Promise<Tensor> {
  const margins = { top: y, bottom: element.height - 1 - y, left, right: element.width - 1 - left }
  const { border, fill } = outside ?? ({ border: 'replicate', fill: 0 } as const)
  const frame = await engine.layer('framed', [x], { margins, border, fill })
  return engine.layer('ranked', [frame], {
    element,
    index,
    ignored: outside === undefined ? margins : undefined,
  })
}

type Extreme = (x: Tensor, window: Placed) => Promise<Tensor>
type Steps = Readonly<Record<'erode' | 'dilate', Extreme>> & { minus(a: Tensor, b: Tensor): Promise<Tensor> }
type Morphology = (x: Tensor, window: Placed, by: Steps) => Promise<Tensor>

const erode: Morphology = (x, window, by) => by.erode(x, window)
const dilate: Morphology = (x, window, by) => by.dilate(x, window)
const opened: Morphology = async (x, window, by) => by.dilate(await by.erode(x, window), turned(window))
const closed: Morphology = async (x, window, by) => by.erode(await by.dilate(x, window), turned(window))

const common = {
  group: 'windows',
  kernel: 'optional',
  takes: ['border', 'fill'],
} as const

const sorting = '; more bits and floats are sorted once'
const reasons: Readonly<Record<RankWay, string>> = {
  extremes: 'running extremes, which cost hardly more for a larger window',
  comparisons: 'a fixed list of comparisons',
  bits: `the bits of all samples of the window one after the other${sorting}`,
  columns: `histograms of columns, which cost the same for any window${sorting}`,
  rows: `a histogram along each row${sorting}`,
  sorted: 'samples that are sorted once',
}

const arithmeticOf = (ranked: Ranked): Arithmetic => ({
  algorithm: 'rank',
  reason: `exact selection by ${reasons[rankWay(ranked, 1)]}`,
})

/** Makes a filter that picks one sample of every window, by its rank among `count`. */
const picking = <P extends Params>(
  entry: Pick<Operator<P>, 'summary' | 'formula' | 'source' | 'params' | 'examples'>,
  rank: (count: number, values: Values<P>) => number,
): Operator =>
  operator<P & typeof windowParams>({
    ...common,
    ...entry,
    params: { ...windowParams, ...entry.params },
    build: ({ values, kernel, settings, full }) => {
      const window = windowOf('a window', values as Values<typeof windowParams>, kernel)
      const index = rank(sizeOfElement(window.element), values as Values<P>)
      return {
        acts: 'colour',
        isChannelwise: true,
        arithmetic: arithmeticOf({ element: window.element, index }),
        apply: (x, engine) => ranked(engine, x, window, index, outside(settings, full)),
      }
    },
  })

/** Makes a filter of smallest and largest samples. Without --border, pixels outside do not count. */
const morphology = (entry: Pick<Operator, 'summary' | 'formula' | 'source'>, of: Morphology): Operator =>
  operator({
    ...common,
    ...entry,
    params: windowParams,
    build: ({ values, kernel, settings, full }) => {
      const window = windowOf('a window', values, kernel)
      const isAsked = settings.border !== undefined || settings.fill !== undefined
      const given = isAsked ? outside(settings, full) : undefined
      return {
        acts: 'colour',
        isChannelwise: true,
        arithmetic: arithmeticOf({ element: window.element, index: 0 }),
        apply: (x, engine) =>
          of(x, window, {
            erode: (one, own) => ranked(engine, one, own, 0, given),
            dilate: (one, own) => ranked(engine, one, own, sizeOfElement(own.element) - 1, given),
            minus: (a, b) => engine.layer('formula', [a, b], { name: 'minus' }),
          }),
      }
    },
  })

const flat =
  'Serra 1982, flat windows. Pixels outside do not count unless --border is set, as in OpenCV; SciPy and scikit-image ' +
  'mirror the picture there'
const smallest = 'out[y,x] = min x[y + v, x + u] over the window'
const largest = 'out[y,x] = max x[y + v, x + u] over the window'

/** Filters of a window without weights. */
export const windows: Readonly<Record<string, Operator>> = {
  median: picking(
    {
      summary: 'takes the median of a window: removes specks, keeps edges',
      formula:
        'out[y,x] = the sample of rank floor(n/2) of the n in the window about (y,x), from small to large',
      source:
        'Tukey 1971; the rank is the same as in SciPy; with an odd number of pixels, there is only one median',
      params: {},
      examples: ['convo median in.png out.png --size 5', 'convo median in.png out.png --size 9 --shape disk'],
    },
    (count) => Math.floor(count / 2),
  ),
  percentile: picking(
    {
      summary: 'takes a percentile of a window',
      formula: 'out[y,x] = the sample of rank floor(n · rank / 100) of the n in the window, at most n − 1',
      source: 'SciPy’s percentile_filter; 0 is the smallest, 50 the median, 100 the largest',
      params: {
        rank: number('percentile: 0 is the smallest sample, 50 the median, 100 the largest', 50, {
          min: 0,
          max: 100,
        }),
      },
    },
    (count, { rank }) => Math.min(count - 1, Math.floor((count * rank) / 100)),
  ),
  erode: morphology(
    { summary: 'takes the minimum of a window: bright parts shrink', formula: smallest, source: flat },
    erode,
  ),
  minimum: morphology(
    { summary: 'takes the minimum of a window; another name for erode', formula: smallest, source: flat },
    erode,
  ),
  dilate: morphology(
    { summary: 'takes the maximum of a window: bright parts grow', formula: largest, source: flat },
    dilate,
  ),
  maximum: morphology(
    { summary: 'takes the maximum of a window; another name for dilate', formula: largest, source: flat },
    dilate,
  ),
  open: morphology(
    {
      summary: 'erodes, then dilates: removes bright parts smaller than the window',
      formula: 'out = dilate(erode(x)), the second time with the window rotated by 180°',
      source: flat,
    },
    opened,
  ),
  close: morphology(
    {
      summary: 'dilates, then erodes: removes dark parts smaller than the window',
      formula: 'out = erode(dilate(x)), the second time with the window rotated by 180°',
      source: flat,
    },
    closed,
  ),
  gradient: morphology(
    {
      summary: 'draws outlines: the maximum of a window minus its minimum',
      formula: 'out = dilate(x) − erode(x)',
      source: `${flat}; Beucher’s gradient. sobel is the gradient of a smoothed picture`,
    },
    async (x, window, by) => by.minus(await by.dilate(x, window), await by.erode(x, window)),
  ),
  tophat: morphology(
    {
      summary: 'keeps bright parts smaller than the window: the picture minus open',
      formula: 'out = x − open(x)',
      source: `${flat}; Meyer’s white top hat`,
    },
    async (x, window, by) => by.minus(x, await opened(x, window, by)),
  ),
  blackhat: morphology(
    {
      summary: 'keeps dark parts smaller than the window: close minus the picture',
      formula: 'out = close(x) − x',
      source: `${flat}; Meyer’s black top hat`,
    },
    async (x, window, by) => by.minus(await closed(x, window, by), x),
  ),
}

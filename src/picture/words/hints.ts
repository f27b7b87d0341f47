/** What a word of other tools means here. */
export type Hint =
  /** The words of a command line that does it. */
  | { readonly words: readonly string[] }
  /** Why it is no convolution, and the command of another tool that does it. */
  | { readonly isNot: string; readonly tool: string }

const words = (line: string): Hint => ({ words: line.split(' ') })
const not = (isNot: string, tool: string): Hint => ({ isNot, tool })

const moves = 'it moves pixels'
const levels = 'it changes each level by itself'

/** What other tools and textbooks call an operation, in lower case, without `_` and `-`. */
const operationHints: Readonly<Record<string, Hint>> = {
  adaptiveblur: words('involution'),
  atrous: words('dilated'),
  average: words('box'),
  bilateralfilter: words('bilateral'),
  blur: words('gaussian'),
  bokeh: words('disk'),
  boxblur: words('box'),
  boxfilter: words('box'),
  charcoal: words('outline'),
  conv: words('conv2d'),
  conv1x1: words('pointwise'),
  convolution: words('conv2d'),
  convolve: words('conv2d'),
  convtranspose2d: words('transposed'),
  correlate: words('conv2d'),
  deconv: words('transposed'),
  deconvolution: words('richardson-lucy'),
  dilation: words('dilate'),
  defocus: words('disk'),
  deblur: words('richardson-lucy'),
  denoise: words('nlmeans'),
  despeckle: words('median'),
  desaturate: words('pointwise --preset gray'),
  diff: words('compare'),
  downsample: words('resize'),
  edge: words('sobel'),
  edges: words('sobel'),
  edgedetect: words('sobel'),
  erosion: words('erode'),
  extend: words('pad'),
  fastnlmeansdenoising: words('nlmeans'),
  filter2d: words('conv2d'),
  findedges: words('sobel'),
  gaussianblur: words('gaussian'),
  gauss: words('gaussian'),
  guidedfilter: words('guided'),
  gray: words('pointwise --preset gray'),
  grayscale: words('pointwise --preset gray'),
  grey: words('pointwise --preset gray'),
  greyscale: words('pointwise --preset gray'),
  hash: words('digest'),
  imfilter: words('conv2d'),
  info: words('digest --json'),
  identify: words('digest --json'),
  invert: words('pointwise --preset invert'),
  laplace: words('laplacian'),
  lens: words('disk'),
  localcontrast: words('local-contrast'),
  lowpass: words('gaussian'),
  max: words('maximum'),
  mean: words('box'),
  medianblur: words('median'),
  medianfilter: words('median'),
  min: words('minimum'),
  morphology: words('open'),
  nonlocalmeans: words('nlmeans'),
  motionblur: words('motion'),
  negate: words('pointwise --preset invert'),
  negative: words('pointwise --preset invert'),
  padding: words('pad'),
  pool: words('maxpool'),
  rank: words('percentile'),
  scale: words('resize'),
  sepfilter2d: words('separable'),
  sepia: words('pointwise --preset sepia'),
  sharpening: words('sharpen'),
  smooth: words('gaussian'),
  smoothing: words('gaussian'),
  thumbnail: words('resize --width 256'),
  test: words('check'),
  unsharpmask: words('unsharp'),
  upscale: words('resize'),
  upsample: words('transposed'),
  verify: words('check'),

  composite: not('it combines two pictures', 'magick composite over.png in.png out.png'),
  convert: not('it only changes the file format', 'magick in.png out.jpg'),
  equalize: not(levels, 'magick in.png -equalize out.png'),
  flip: not(moves, 'magick in.png -flip out.png'),
  flop: not(moves, 'magick in.png -flop out.png'),
  gamma: not(levels, 'magick in.png -gamma 1.5 out.png'),
  rotate: not(moves, 'magick in.png -rotate 90 out.png'),
  trim: not(moves, 'magick in.png -trim +repage out.png'),
}

/** The hint for a word that is the name of no operation or command. */
export function operationHint(word: string): Hint | undefined {
  const key = word.toLowerCase().replace(/[_-]/g, '')
  return Object.hasOwn(operationHints, key) ? operationHints[key] : undefined
}

/** An option of convo for one of other tools, and its value, from what was typed; a value of '' is none. */
type Renamed = { readonly to: string; value?(typed: string): string }

const radiusOf = (side: string): string => String(Math.max(1, Math.floor(Number(side.split(/[x,]/)[0]) / 2)))
const sideOf = (radius: string): string => String(2 * Math.round(Number(radius)) + 1)
const flag = (): string => ''

// a window of this side is about six standard deviations wide, and a radius about three
const sigmaOfSide = (side: string): string => String(Math.max(0.1, Number(side.split(/[x,]/)[0]) / 6))
const sigmaOfRadius = (radius: string): string => String(Math.max(0.1, Number(radius) / 3))

const side: readonly Renamed[] = [
  { to: 'size' },
  { to: 'radius', value: radiusOf },
  { to: 'sigma', value: sigmaOfSide },
]
const limit: readonly Renamed[] = [{ to: 'max-abs' }, { to: 'at' }]

/** What other tools call an option: the first that the command has is meant. */
const optionHints: Readonly<Record<string, readonly Renamed[]>> = {
  'background-color': [{ to: 'fill' }],
  'border-mode': [{ to: 'border' }],
  bordertype: [{ to: 'border' }],
  concurrency: [{ to: 'jobs' }, { to: 'threads' }],
  cores: [{ to: 'jobs' }, { to: 'threads' }],
  cval: [{ to: 'fill' }],
  diameter: side,
  dir: [{ to: 'output' }],
  direction: [{ to: 'axis' }, { to: 'angle' }],
  dilate: [{ to: 'dilation' }],
  divisor: [{ to: 'scale' }],
  divide: [{ to: 'scale' }],
  epsilon: limit,
  filter: [{ to: 'kernel' }],
  fuzz: limit,
  grayscale: [{ to: 'gray', value: flag }],
  greyscale: [{ to: 'gray', value: flag }],
  intensity: [{ to: 'amount' }],
  j: [{ to: 'jobs' }, { to: 'threads' }],
  'kernel-size': side,
  ksize: side,
  level: [{ to: 'at' }, { to: 'compression' }],
  mode: [{ to: 'border' }],
  offset: [{ to: 'bias' }],
  out: [{ to: 'output' }],
  overwrite: [
    { to: 'in-place', value: flag },
    { to: 'force', value: flag },
  ],
  pad: [{ to: 'padding' }],
  'padding-mode': [{ to: 'border' }],
  parallel: [{ to: 'jobs' }, { to: 'threads' }],
  radius: [
    { to: 'size', value: sideOf },
    { to: 'sigma', value: sigmaOfRadius },
  ],
  rtol: [{ to: 'max-abs' }],
  atol: [{ to: 'max-abs' }],
  s: [{ to: 'sigma' }],
  silent: [{ to: 'quiet', value: flag }],
  size: side,
  std: [{ to: 'sigma' }],
  stddev: [{ to: 'sigma' }],
  strength: [{ to: 'amount' }, { to: 'sigma' }],
  strides: [{ to: 'stride' }],
  threshold: limit,
  tolerance: limit,
  tol: limit,
  width: side,
  workers: [{ to: 'jobs' }, { to: 'threads' }],
}

/** The option that is meant by one of other tools, among those that a command has. */
export function optionHint(word: string, options: readonly string[]): Renamed | undefined {
  const key = word.toLowerCase().replaceAll('_', '-')
  const found = Object.hasOwn(optionHints, key) ? optionHints[key]! : []
  return found.find(({ to }) => options.includes(to))
}

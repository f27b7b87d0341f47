import type { PeerEntry, ProcessWork } from '../contest.ts'
import { findProgram } from './find.ts'
import { rows } from './libvips.ts'

/** ImageMagick with 16-bit samples, as it is usually built. */
export const imagemagick: PeerEntry = {
  name: 'ImageMagick',
  needs: 'apt-get install imagemagick',
  async open() {
    const found = findProgram(
      ['magick', 'convert-im6.q16', 'convert'],
      ['-version'],
      /ImageMagick ([\d.]+-?\d*)/,
    )
    return (
      found && {
        name: `ImageMagick ${found.version}`,
        command(work) {
          const words = operation(work)
          return words && [found.path, work.input, ...words, ...encoder(work), work.output]
        },
      }
    )
  },
}

const encoder = ({ level }: ProcessWork): string[] =>
  level === undefined
    ? []
    : [
        ...['-define', `png:compression-level=${level}`],
        ...['-define', 'png:compression-filter=5', '-define', 'png:compression-strategy=0'],
      ]

/** The arguments of filters by name, from their settings. */
const filters: Readonly<Record<string, (settings: Readonly<Record<string, unknown>>) => string[]>> = {
  median: ({ size }) => ['-statistic', 'Median', `${size}x${size}`],
  ...Object.fromEntries(
    Object.entries({
      ...{ erode: 'Erode', dilate: 'Dilate', open: 'Open', close: 'Close', gradient: 'Edge' },
      ...{ tophat: 'TopHat', blackhat: 'BottomHat' },
    }).map(([name, method]) => [
      name,
      ({ size = 3, shape = 'Square' }) => ['-morphology', method, `${shape}:${(Number(size) - 1) / 2}`],
    ]),
  ),
  // its thresholds are fractions of the largest magnitude
  canny: ({ sigma }) => ['-colorspace', 'gray', '-canny', `0x${sigma}+10%+20%`],
  highpass: ({ sigma }) => [
    ...['(', '+clone', '-blur', `0x${sigma}`, ')', '+swap', '-compose', 'Mathematics'],
    ...['-define', 'compose:args=0,1,-1,0.5', '-composite'],
  ],
  'local-contrast': ({ sigma, amount }) => ['-unsharp', `0x${sigma}+${amount}+0`],
  resize: ({ by }) => ['-filter', 'Catrom', '-resize', `${100 * Number(by)}%`],
  crop: ({ size }) => ['-gravity', 'center', '-crop', `${size}x${size}+0+0`, '+repage'],
  pad: ({ by }) => [
    ...['-set', 'option:distort:viewport', `%[fx:w+${2 * Number(by)}]x%[fx:h+${2 * Number(by)}]-${by}-${by}`],
    ...['-virtual-pixel', 'Edge', '-filter', 'point', '-distort', 'SRT', '0', '+repage'],
  ],
}

function operation(work: ProcessWork): string[] | undefined {
  if (work.kind === 'filter') return filters[work.filter]?.(work.settings)
  if (work.kind === 'gaussian') return ['-blur', `0x${work.sigma}`]
  if (work.kind === 'kernel') {
    const kernel = `${work.side}x${work.side}:${rows(work.side, work.weights, ',', ' ')}`
    return ['-define', `convolve:scale=${1 / work.scale}`, '-morphology', 'Correlate', kernel]
  }
  // Offsets each gradient by the middle gray and folds it to its magnitude, then takes the root of the sum of squares.
  const one = (kernel: string) => ['(', '-clone', '0', '-morphology', 'Correlate', `3x3:${kernel}`, ')']
  return [
    ...['-define', 'convolve:scale=0.5', '-bias', '50%'],
    ...one('-1,0,1 -2,0,2 -1,0,1'),
    ...one('-1,-2,-1 0,0,0 1,2,1'),
    ...['-delete', '0', '-solarize', '50%', '-level', '50%,0%'],
    ...['-evaluate', 'Pow', '2', '-evaluate-sequence', 'Add', '-evaluate', 'Pow', '0.5'],
  ]
}

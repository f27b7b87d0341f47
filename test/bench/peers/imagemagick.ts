import type { PeerEntry, ProcessWork } from '../contest.ts'
import { findProgram } from './find.ts'
import { rows } from './libvips.ts'

/** ImageMagick, with samples of 16 bits as it is built nearly everywhere. */
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
        command: (work) => [found.path, work.input, ...operation(work), ...encoder(work), work.output],
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

function operation(work: ProcessWork): string[] {
  if (work.kind === 'gaussian') return ['-blur', `0x${work.sigma}`]
  if (work.kind === 'kernel') {
    const kernel = `${work.side}x${work.side}:${rows(work.side, work.weights, ',', ' ')}`
    return ['-define', `convolve:scale=${1 / work.scale}`, '-morphology', 'Correlate', kernel]
  }
  if (work.kind === 'median') return ['-statistic', 'Median', `${work.side}x${work.side}`]
  if (work.kind === 'erode') return ['-morphology', 'Erode', `Square:${(work.side - 1) / 2}`]
  // Each gradient around the middle gray, folded to its magnitude; then the root of the sum of their squares.
  const one = (kernel: string) => ['(', '-clone', '0', '-morphology', 'Correlate', `3x3:${kernel}`, ')']
  return [
    ...['-define', 'convolve:scale=0.5', '-bias', '50%'],
    ...one('-1,0,1 -2,0,2 -1,0,1'),
    ...one('-1,-2,-1 0,0,0 1,2,1'),
    ...['-delete', '0', '-solarize', '50%', '-level', '50%,0%'],
    ...['-evaluate', 'Pow', '2', '-evaluate-sequence', 'Add', '-evaluate', 'Pow', '0.5'],
  ]
}

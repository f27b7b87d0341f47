import { ConvoError } from '../../error.ts'
import { type DiffStyle, diffStyles } from '../../image/compare/comparison.ts'
import { toleranceSettings } from '../../image/compare/tolerance.ts'
import { choice, flag, resolve, text } from '../../params.ts'
import { sharedSettings } from '../../picture/settings.ts'
import type { Command } from '../command.ts'

const outputSettings = {
  diff: text('write a picture of the differences', '<file>'),
  'diff-style': choice<DiffStyle>(
    'triptych: expected, overlay and actual side by side; overlay: differing pixels in red, tolerated ones in amber; ' +
      'heat: the size of each difference; mask: differing pixels in white on black',
    diffStyles,
    'triptych',
  ),
  json: flag('print the result as one JSON object'),
  quiet: flag('print nothing; use the exit status'),
}

const inputSettings = {
  'no-orient': sharedSettings['no-orient'],
  'max-pixels': sharedSettings['max-pixels'],
  layout: sharedSettings.layout,
  debug: sharedSettings.debug,
}

/** `convo compare <expected> <actual>` */
export const compareCommand: Command = {
  name: 'compare',
  summary: 'compares two pictures, exactly or within a tolerance, and reports the differences',
  group: 'commands',
  arguments: [
    { name: 'expected', summary: 'a picture or .npy array; - is standard input', kind: 'file' },
    { name: 'actual', summary: 'a picture or .npy array; - is standard input', kind: 'file' },
  ],
  options: [
    { title: 'Tolerance', params: toleranceSettings },
    { title: 'Output', params: outputSettings },
    { title: 'Input', params: inputSettings },
  ],
  examples: [
    'convo compare golden.png actual.png',
    'convo compare golden.png actual.png --max-abs 1 --diff diff.png',
    'convo compare golden.png actual.png --max-abs 2% --max-diff-pixels 20 --ignore 0,0,64,16',
    'convo compare golden.png actual.png --min-ssim 0.98 --quiet',
  ],
  details: () => [
    {
      title: 'Exit status',
      text: '0: the same, or within the tolerance. 1: different, or of different sizes. 2: could not be compared.',
    },
    {
      title: 'How limits combine',
      text:
        'Without limits, pictures must be equal, sample by sample, at their own depth. A pixel differs when a channel is ' +
        'off by more than --max-abs, or when --perceptual counts it. --max-diff-pixels, --max-diff-ratio and --max-density ' +
        'set the number of pixels allowed to differ (default: none). --min-psnr, --max-rmse and --min-ssim ' +
        'measure the whole picture; used without the others, they decide alone. Every limit must hold, on every page.',
    },
  ],
  async run(call) {
    const { runCompare } = await import('../../golden/compare.ts')
    if (call.given['diff-style'] !== undefined && call.given.diff === undefined) {
      throw new ConvoError('E_USAGE', '--diff-style needs --diff', {
        fix: '--diff diff.png',
      })
    }
    const isTolerance = (name: string) => Object.hasOwn(toleranceSettings, name)
    const pick = (wanted: boolean) =>
      Object.fromEntries(Object.entries(call.given).filter(([name]) => isTolerance(name) === wanted))
    const tolerance = resolve(toleranceSettings, pick(true))
    return runCompare(call, tolerance, resolve({ ...outputSettings, ...inputSettings }, pick(false)))
  },
}

import { ConvoError } from '../../error.ts'
import { isFile } from '../../files/root.ts'
import { picturesRead, reportSettings } from '../../golden/settings.ts'
import { type DiffStyle, diffStyles } from '../../image/compare/comparison.ts'
import { toleranceSettings } from '../../image/compare/tolerance.ts'
import { choice, flag, resolve, text } from '../../params.ts'
import { runSettings } from '../../picture/run-settings.ts'
import { argument } from '../../picture/words/syntax.ts'
import { pick } from '../../text/record.ts'
import type { Command } from '../command.ts'

const outputSettings = {
  diff: text('write a picture of the differences; for folders, a folder with one for each pair', '<path>'),
  'diff-style': choice<DiffStyle>(
    'triptych: expected, overlay and actual side by side; overlay: differing pixels in red, tolerated ones in amber; ' +
      'heat: the size of each difference; mask: differing pixels in white on black',
    diffStyles,
    'triptych',
  ),
  json: flag('print the result as one JSON object'),
  quiet: flag('print nothing; use the exit status'),
}

const folderSettings = {
  ...reportSettings,
  results: {
    ...text('the folder for the pictures of pairs that differ, which the HTML report shows', '<folder>'),
    unset: 'nothing is written; .convo/compare with --reporter html',
  },
  update: flag(
    'accept the differences: copy added and changed pictures over the expected ones, and remove expected pictures without an actual one; refused on a CI server',
  ),
}

const inputSettings = { ...picturesRead, debug: runSettings.debug }

/** `convo compare <expected> <actual>` */
export const compareCommand: Command = {
  name: 'compare',
  summary: 'compares two pictures, or two folders of them, exactly or within a tolerance',
  group: 'commands',
  arguments: [
    argument('<expected>', 'a picture, .npy array, folder or glob; - is standard input'),
    argument('<actual>', 'the same'),
  ],
  options: [
    { title: 'Tolerance', params: toleranceSettings },
    { title: 'Output', params: outputSettings },
    { title: 'Folders', params: folderSettings },
    { title: 'Input', params: inputSettings },
  ],
  examples: [
    'convo compare golden.png actual.png',
    'convo compare golden.png actual.png --max-abs 1 --diff diff.png',
    'convo compare golden.png actual.png --max-abs 2% --max-diff-pixels 20 --ignore 0,0,64,16',
    'convo compare golden.png actual.png --min-ssim 0.98 --quiet',
    'convo compare expected/ actual/ --reporter html=report.html --reporter junit=junit.xml',
    "convo compare 'expected/**/*.png' 'actual/**/*.png' --max-diff-ratio 0.1% --diff differences/",
  ],
  details: () => ({
    'Comparing folders':
      'Folders are searched recursively, and pictures are paired by their relative paths. The tolerance applies to each ' +
      'pair. Each pair is the same, tolerated, changed, of a different size, added (no expected picture), removed (no actual ' +
      'one) or an error. Any of the last five makes the exit status 1.',
    'Exit status':
      '0: the same, or within the tolerance. 1: different, or of different sizes. 2: could not be compared.',
    'How limits combine':
      'Without limits, pictures must be equal, sample by sample, at their own depth. A pixel differs when a channel is ' +
      'off by more than --max-abs, or when --perceptual counts it. --max-diff-pixels, --max-diff-ratio and --max-density ' +
      'set the number of pixels allowed to differ (default: none). --min-psnr, --max-rmse and --min-ssim ' +
      'measure the whole picture; used without the others, they decide alone. Every limit must hold, on every page.',
  }),
  async run(call) {
    if (call.given['diff-style'] !== undefined && call.given.diff === undefined) {
      throw new ConvoError('E_USAGE', '--diff-style needs --diff', { fix: '--diff diff.png' })
    }
    const tolerance = resolve(toleranceSettings, pick(call.given, toleranceSettings))
    const others = { ...outputSettings, ...folderSettings, ...inputSettings }
    const settings = resolve(others, pick(call.given, others))
    if (!call.args.every(isFile)) {
      const [{ runFolders }, { isMany }] = await Promise.all([
        import('../../golden/folders/compare.ts'),
        import('../../golden/folders/pairs.ts'),
      ])
      if (call.args.some(isMany)) return runFolders(call, tolerance, settings)
    }
    const unused = Object.keys(folderSettings).find((name) => call.given[name] !== undefined)
    if (unused !== undefined) {
      throw new ConvoError('E_USAGE', `--${unused} does not apply to two pictures`, {
        why: 'it is for folders of pictures',
        fix: `no --${unused}`,
      })
    }
    const { runCompare } = await import('../../golden/compare.ts')
    return runCompare(call, tolerance, settings)
  },
}

import { extname } from 'node:path'
import { writeWhole } from '../../files/change.ts'
import { isStreamPath } from '../../files/output.ts'
import { noteMessage } from '../../host/io.ts'
import { outputOf } from '../../picture/output-path.ts'
import { checkReplaced } from '../../picture/replaced.ts'
import { runSettings } from '../../picture/run-settings.ts'
import { sharedSettings } from '../../picture/settings.ts'
import { argument } from '../../picture/words/syntax.ts'
import { type Command, commandOf } from '../command.ts'

/** `convo kernel convert <in> <out>` */
export const kernelConvert: Command = commandOf(
  { force: runSettings.force },
  {
    name: 'kernel convert',
    summary: 'converts a kernel, from a file or by name, to the format of the output file',
    arguments: [
      argument('<in>', sharedSettings.kernel.summary, 'kernel'),
      argument(
        '<out>',
        '.json, .mat, .csv, .npy or .txt (an ImageMagick string); - is JSON on standard output',
      ),
    ],
    examples: [
      'convo kernel convert gaussian:sigma=2 gaussian.npy',
      'convo kernel convert edge.mat edge.json',
    ],
    async run({ force }, { args: [from = '', out = ''], io }) {
      const [{ namedKernels }, { directionText, isTurned }, { loadKernel }, { writeKernel, writtenAs }] =
        await Promise.all([
          import('../../filters/names.ts'),
          import('../../kernel/analyse.ts'),
          import('../../kernel/source.ts'),
          import('../../kernel/formats/index.ts'),
        ])
      const { output: to } = await outputOf(out, from, 'convert')
      const replaced = force ? undefined : checkReplaced(from, to, 'sobel')
      const kernel = await loadKernel(from, { names: namedKernels })
      // a pipe has no extension that selects the format
      const bytes = writeKernel(kernel, extname(to) === '' && isStreamPath(to) ? 'kernel.json' : to)
      await writeWhole(to, bytes)
      if (replaced !== undefined) io.err(noteMessage(replaced))
      for (const [file, direction] of [
        [from, kernel.direction],
        [to, writtenAs(to)?.direction],
      ] as const) {
        if (direction === undefined || !isTurned({ ...kernel, direction })) continue
        io.err(noteMessage(`${file}: ${directionText(direction)}`))
      }
      return 0
    },
  },
)

import { ConvoError } from '../../error.ts'
import type { Checked, FileDigest } from '../../golden/digests.ts'
import { picturesRead, readingOf } from '../../golden/settings.ts'
import { noteMessage } from '../../host/io.ts'
import { flag, text } from '../../params.ts'
import { runSettings } from '../../picture/run-settings.ts'
import { argument } from '../../picture/words/syntax.ts'
import { counted } from '../../text/count.ts'
import { commandLine } from '../../text/shell.ts'
import { visibleLine } from '../../text/visible.ts'
import { type Call, type Command, commandOf } from '../command.ts'

const digestSettings = {
  check: {
    ...text('compare pictures with the digests of a list; - is standard input', '<list>'),
    unset: 'digests are printed',
  },
  json: flag(
    'print digest, size, channels, depth and number of pages as one JSON object, or an array for several pictures',
  ),
  quiet: flag('with --check: do not print the pictures that are unchanged'),
  ...picturesRead,
  debug: runSettings.debug,
}

/** `convo digest <images...>` */
export const digestCommand: Command = commandOf(digestSettings, {
  name: 'digest',
  summary: 'prints hashes of the pixels of pictures, independent of their file format',
  arguments: [argument('[images...]', 'pictures, .npy arrays, folders or globs; - is standard input')],
  examples: [
    'convo digest photo.png',
    'convo digest golden.png --json',
    'convo digest goldens/ > digests.txt',
    'convo digest --check digests.txt',
  ],
  details: () => ({
    'What is hashed':
      'SHA-256 over each page in turn: the line "convo picture 1 <width>x<height>x<channels> <depth>", a newline, ' +
      'and the decoded samples row by row, channels interleaved, little-endian. Format, compression, palette, profile ' +
      'and other metadata do not matter; colours under alpha 0 do. A file with pictures that convo does not read (such as MPO) is hashed as a whole too. In floats, -0 equals 0 and all NaNs are equal.',
    Lists:
      'For one picture, only the digest is printed. For several, or a folder, one line each: digest, two spaces, path. ' +
      '--check reads these lines and prints OK, FAILED or FAILED to read for each picture. Exit status of --check: 0: all ' +
      'are unchanged. 1: some are not. 2: the list could not be read.',
  }),
  async run(settings, call) {
    const { args, io } = call
    const reading = readingOf(settings)
    const { areMany, digestFile, digestFiles, digestLine } = await import('../../golden/digests.ts')
    if (settings.check !== undefined) return checkList(call, settings.check, settings, reading)
    if (settings.quiet) {
      throw new ConvoError('E_USAGE', '--quiet does not apply without --check', { fix: '--check <list>' })
    }
    if (args.length === 0) {
      throw new ConvoError('E_USAGE', 'digest needs a picture', { fix: 'convo digest photo.png' })
    }
    if (!areMany(args)) {
      const found = await digestFile(args[0]!, reading)
      await io.out(settings.json ? `${JSON.stringify(reported(found), null, 2)}\n` : `${found.digest}\n`)
      if (!settings.json) for (const note of found.notes) io.err(noteMessage(note))
      return 0
    }
    const { files, notes } = await digestFiles(args, reading, async (found) => {
      if (settings.json) return
      await io.out(`${digestLine(found)}\n`)
      for (const note of found.notes) io.err(noteMessage(note))
    })
    if (settings.json) await io.out(`${JSON.stringify(files.map(reported), null, 2)}\n`)
    for (const note of notes) io.err(noteMessage(note))
    return 0
  },
})

const reported = ({ notes, ...found }: FileDigest) => ({ ...found, ...(notes.length > 0 && { notes }) })

const words: Readonly<Record<Checked['status'], string>> = {
  ok: 'OK',
  changed: 'FAILED',
  error: 'FAILED to read',
}

async function checkList(
  { args, io }: Call,
  list: string,
  { json, quiet }: { readonly json: boolean; readonly quiet: boolean },
  reading: Parameters<typeof import('../../golden/digests.ts').checkDigests>[1],
): Promise<number> {
  if (args.length > 0) {
    const what = `--check takes its pictures from the list, but ${args[0]} was also given`
    throw new ConvoError('E_USAGE', what, { fix: commandLine(['convo', 'digest', '--check', list]) })
  }
  const { checkDigests } = await import('../../golden/digests.ts')
  const all = await checkDigests(list, reading, async ({ image, status, message }) => {
    if (json || (quiet && status === 'ok')) return
    await io.out(
      `${visibleLine(image)}: ${words[status]}${message === undefined ? '' : ` (${visibleLine(message)})`}\n`,
    )
  })
  if (json) await io.out(`${JSON.stringify(all, null, 2)}\n`)
  const bad = all.filter(({ status }) => status !== 'ok').length
  if (bad > 0) io.err(noteMessage(`${bad} of ${counted(all.length, 'picture')} failed`))
  return bad > 0 ? 1 : 0
}

import { noteMessage } from '../../host/io.ts'
import { flag, resolve } from '../../params.ts'
import { sharedSettings } from '../../picture/settings.ts'
import type { Command } from '../command.ts'

const digestSettings = {
  json: flag('print digest, size, channels, depth and number of pages as one JSON object'),
  'no-orient': sharedSettings['no-orient'],
  'max-pixels': sharedSettings['max-pixels'],
  layout: sharedSettings.layout,
  debug: sharedSettings.debug,
}

/** `convo digest <image>` */
export const digestCommand: Command = {
  name: 'digest',
  summary: 'prints a hash of the pixels of a picture, independent of its file format',
  group: 'commands',
  arguments: [{ name: 'image', summary: 'a picture or .npy array; - is standard input', kind: 'file' }],
  options: [{ title: 'Options', params: digestSettings }],
  examples: ['convo digest photo.png', 'convo digest golden.png --json'],
  details: () => [
    {
      title: 'What is hashed',
      text:
        'SHA-256 over each page in turn: the line "convo picture 1 <width>x<height>x<channels> <depth>", a newline, ' +
        'and the decoded samples row by row, channels interleaved, little-endian. Format, compression, palette, profile ' +
        'and other metadata do not matter; colours under alpha 0 do. A file with pictures that convo does not read (such as MPO) is hashed as a whole too. In floats, -0 equals 0 and all NaNs are equal.',
    },
  ],
  async run({ args: [path = ''], given, io }) {
    const [{ digestOf }, { openPages }, { inputName, sourceOf }] = await Promise.all([
      import('../../picture/digest.ts'),
      import('../../picture/pages.ts'),
      import('../../picture/input.ts'),
    ])
    const settings = resolve(digestSettings, given)
    const source = await sourceOf(path)
    const name = inputName(path)
    const pages = await openPages(source, {
      maxPixels: settings['max-pixels'],
      orient: !settings['no-orient'],
      layout: settings.layout,
      name,
    })
    const { notes, ...found } = await digestOf(pages, source, name)
    const { digest } = found
    const report = { image: path, ...found, ...(notes.length > 0 && { notes }) }
    await io.out(settings.json ? `${JSON.stringify(report, null, 2)}\n` : `${digest}\n`)
    if (!settings.json) for (const note of notes) io.err(noteMessage(note))
    return 0
  },
}

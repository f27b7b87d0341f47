import { ConvoError } from '../../error.ts'
import { noteMessage } from '../../host/io.ts'
import { meaningKeys } from '../../net/network.ts'
import { flag, type Params, text } from '../../params.ts'
import { netHead, netParams, netSet, netSyntax, netScale as scale } from '../../picture/net.ts'
import { runSettings } from '../../picture/run-settings.ts'
import { pictureSettings } from '../../picture/settings.ts'
import { chainSyntax } from '../../picture/words/operation-syntax.ts'
import { argument } from '../../picture/words/syntax.ts'
import { explainSettings } from '../../teach/explain/settings.ts'
import { counted } from '../../text/count.ts'
import { defined, pick } from '../../text/record.ts'
import { commandLine } from '../../text/shell.ts'
import { type Call, type Command, commandOf } from '../command.ts'
import { runOperation } from '../run-operation.ts'

const model = argument(
  '<model>',
  'ONNX, safetensors, .pth, ncnn .param or TensorFlow.js model.json; - is standard input',
)

/** `convo net <model> <input> <output>` */
export const netCommand: Command = {
  name: 'net',
  summary: netSyntax.summary,
  group: 'operators',
  arguments: [model, ...chainSyntax.arguments],
  options: [
    { title: 'Options of net', params: netSyntax.params },
    { title: 'Picture', params: pictureSettings },
    { title: 'Run', params: runSettings },
  ],
  examples: [
    'convo net espcn-x3.onnx photo.jpg large.png',
    'convo net segment.onnx photo.jpg classes.png --in-range imagenet',
    'convo net style.onnx photo.jpg out.png --in-range 0..255',
  ],
  details: () => ({
    'What it computes': [
      '  The network runs strip by strip, on all threads. The result is the same, bit for bit, as if the whole picture were processed at once. Memory grows with the width of the picture, not with its height, except where a step needs all of its input. Samples are float32 (integers in quantised layers), and the order of every sum is fixed.',
      '  16 bits, floats, ICC profile and resolution are kept. Alpha is kept too, and resized if the size changes. A network with one input channel gets the luminance of colour pictures (Y of JFIF); chroma is resized by cubic interpolation. A map of classes is coloured with a palette. What the file does not specify is guessed, and a note reports it.',
    ].join('\n'),
  }),
  async run(call) {
    const [path = '', ...args] = call.args
    if (path === '-' && args[0] === '-') {
      throw new ConvoError('E_USAGE', 'the network and the picture cannot both come from standard input', {
        fix: 'a file for one of them',
      })
    }
    return runOperation(netSyntax, { ...call, args }, path)
  },
}

const infoSettings = {
  input: { ...explainSettings.input, unset: 'the size in the network, otherwise 256x256' },
  scale,
  head: netHead,
  set: netSet,
  svg: text('also write a drawing of the graph, to a .svg or .png file; - prints only the SVG', '<file>'),
  json: flag('print one JSON object'),
  debug: runSettings.debug,
} satisfies Params

/** `convo net info <model>` */
export const netInfo: Command = commandOf(infoSettings, {
  name: 'net info',
  summary: 'lists the layers of a network with shapes, weights and cost',
  arguments: [model],
  examples: ['convo net info espcn-x3.onnx', 'convo net info espcn-x3.onnx --input 640x480 --svg graph.svg'],
  run: async (settings, call) => describeNetwork(call, settings),
})

const convertSettings = {
  scale,
  head: { ...netHead, unset: 'all of them' },
  ...(Object.fromEntries(
    Object.keys(meaningKeys).map((name) => [
      name,
      { ...netParams[name as keyof typeof meaningKeys], unset: 'as in the input' },
    ]),
  ) as Pick<typeof netParams, keyof typeof meaningKeys>),
  debug: runSettings.debug,
} satisfies Params

/** `convo net convert <in> <out>` */
export const netConvert: Command = commandOf(convertSettings, {
  name: 'net convert',
  summary: 'writes a network as one .safetensors file: its graph as JSON, its weights as they are',
  arguments: [model, argument('<output>', 'a file ending in .safetensors')],
  examples: [
    'convo net convert espcn-x3.onnx espcn-x3.safetensors',
    'convo net convert style.onnx style.safetensors --in-range 0..255',
  ],
  details: () => ({
    'What it keeps': [
      '  --in-range, --out-range and --colours are written into the file, so that no run needs them. Any network can have them in its metadata (metadata_props of ONNX, __metadata__ of safetensors), under convo.in-range, convo.out-range and convo.colours.',
    ].join('\n'),
  }),
  async run({ scale, head, ...own }, { args: [path = '', output = ''] }) {
    if (!output.endsWith('.safetensors')) {
      const named = `${output.replace(/\.[^./]*$/, '')}.safetensors`
      throw new ConvoError('E_OUTPUT', `a network can only be written as .safetensors, not as ${output}`, {
        fix: commandLine(['convo', 'net', 'convert', path, named]),
      })
    }
    const [{ meant, readNetwork }, { withHead }, { writeNetwork }, { writeAtomically }] = await Promise.all([
      import('../../net/read.ts'),
      import('../../net/model.ts'),
      import('../../net/formats/safetensors.ts'),
      import('../../files/output.ts'),
    ])
    const whole = await readNetwork(path, scale === undefined ? {} : { scale })
    const network = head === undefined ? whole : withHead(whole, head)
    const said = Object.entries(defined(pick(own, meaningKeys))).map(
      ([name, word]) => [`convo.${name}`, `${word}`] as const,
    )
    const bytes = writeNetwork(meant({ ...network, metadata: new Map([...network.metadata, ...said]) }, path))
    await writeAtomically(output, (file) => file.write(bytes))
    return 0
  },
})

/** Reports a network at a picture size. */
export async function describeNetwork(
  { args: [path = ''], io }: Pick<Call, 'args' | 'io'>,
  own: {
    /** The shape, with rows and columns last. */
    readonly input?: readonly number[] | undefined
    readonly scale?: number | undefined
    readonly head?: string | undefined
    readonly set?: unknown
    readonly svg?: string | undefined
    readonly json: boolean
  },
): Promise<number> {
  const [{ openModel }, { describeModel }] = await Promise.all([
    import('../../picture/net.ts'),
    import('../../net/describe.ts'),
  ])
  const opened = await openModel(path, own)
  const [height, width] = (own.input?.slice(-2) as [number, number] | undefined) ?? opened.fixed ?? [256, 256]
  const given = own.input?.length === 3 ? own.input[0] : undefined
  const { channels = given ?? 3 } = opened
  if (given !== undefined && given !== channels) {
    const what = `the network takes ${counted(channels, 'channel')}, and --input has ${given}`
    throw new ConvoError('E_SHAPE', what, { fix: `--input ${width}x${height}` })
  }
  const facts = await describeModel(opened, [channels, height, width])
  if (own.svg !== undefined) {
    const [{ drawNetwork }, { writeDrawing }] = await Promise.all([
      import('../../teach/draw/network.ts'),
      import('../../teach/draw/file.ts'),
    ])
    await writeDrawing(drawNetwork(opened.network, facts), own.svg)
    if (own.svg === '-') return 0
  }
  if (own.json) await io.out(`${JSON.stringify(facts)}\n`)
  else {
    const { networkText } = await import('../../teach/explain/network.ts')
    await io.page(networkText(facts))
    if (own.input === undefined && opened.fixed === undefined)
      io.err(noteMessage('the network has no fixed size, so 256x256 was used; --input changes it'))
  }
  return 0
}

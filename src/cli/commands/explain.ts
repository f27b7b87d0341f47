import { ConvoError } from '../../error.ts'
import type { Params } from '../../params.ts'
import type { Call, Command, OptionGroup } from '../command.ts'
import { explainSettings } from '../explain/settings.ts'
import { findOperation, operations } from '../operations.ts'
import { correlationSettings } from '../settings.ts'

/** `convo explain <operation> [input]` */
export const explainCommand: Command = {
  name: 'explain',
  summary:
    'tells what an operation does to an input: sizes, counts, the arithmetic and why; computes nothing',
  group: 'commands',
  arguments: [
    { name: 'operation', summary: 'a filter or an operator', kind: 'word', choices: Object.keys(operations) },
    {
      name: 'input',
      summary: 'a picture, of which the header is read; or --input',
      kind: 'file',
      optional: true,
    },
  ],
  options: [{ title: 'Options of explain', params: explainSettings }],
  optionsFor: ([name = '']) => groupsFor(name),
  examples: [
    'convo explain gaussian in.png --sigma 20',
    'convo explain conv2d --input 7x7x3 --filters 128',
    'convo explain depthwise-separable --input 56x56x16 --filters 32',
    'convo explain transposed --input 2x2x1 --size 4 --stride 3 --json',
  ],
  details: () => [
    {
      title: 'What is told',
      text: '  Of an operator the shape of what comes out with its formula filled in, weights, multiplications, receptive field, and\n  what the plain convolution would take. Of a filter its kernels, their rank, and which arithmetic runs on such a picture.\n  The options of the operation itself are taken as well.',
    },
  ],
  run,
}

/** The options of explain, and those of the operation that it is asked about. */
function groupsFor(name: string): readonly OptionGroup[] {
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined
  const own = { title: 'Options of explain', params: explainSettings }
  if (operation === undefined) return [own]
  const taken = new Set(Object.keys(explainSettings))
  const others = (params: Params) =>
    Object.fromEntries(Object.entries(params).filter(([key]) => !taken.has(key)))
  const shared = Object.fromEntries(
    Object.entries(operation.shared).filter(([key]) => Object.hasOwn(correlationSettings, key)),
  )
  return [
    own,
    { title: `Options of ${name}`, params: others(operation.params) },
    { title: 'How the kernel meets the picture', params: others(shared) },
  ]
}

async function run({ args, given, io }: Call): Promise<number> {
  const [name = '', path] = args
  const operation = findOperation(name)
  if (path !== undefined && given.input !== undefined) {
    throw new ConvoError('E_USAGE', `the input is given twice, as ${path} and --input ${String(given.input)}`)
  }
  const { explain } = await import('../explain/explain.ts')
  return explain(operation, path, given, io)
}

import { existsSync } from 'node:fs'
import { ConvoError } from '../../error.ts'
import { type Params, resolve } from '../../params.ts'
import { findOperation, operations } from '../../picture/operations.ts'
import { correlationSettings } from '../../picture/settings.ts'
import { type Asked, splitSteps } from '../../picture/words/prepare.ts'
import { checkStep } from '../../picture/words/steps.ts'
import { chainSyntax, type OptionGroup } from '../../picture/words/syntax.ts'
import { parse } from '../../picture/words/understand.ts'
import { explainSettings } from '../../teach/explain/settings.ts'
import type { Call, Command } from '../command.ts'
import { examplesOf } from '../operation-facts.ts'
import { describeNetwork } from './net.ts'

/** `convo explain <operation> [input]` */
export const explainCommand: Command = {
  name: 'explain',
  summary:
    'tells what an operation does to an input: sizes, counts, the arithmetic and why; computes nothing',
  group: 'commands',
  arguments: [
    {
      name: 'operation',
      summary: 'a filter or an operator; the file of a network; or chain, whose steps stand behind --',
      kind: 'word',
      choices: [...Object.keys(operations), 'chain'],
    },
    {
      name: 'input',
      summary: 'a picture, of which the header is read; or --input',
      kind: 'file',
      optional: true,
    },
  ],
  tail: chainSyntax.tail!,
  isTailOptional: true,
  options: [{ title: 'Options of explain', params: explainSettings }],
  optionsFor: ([name = '']) => groupsFor(name),
  examples: [
    'convo explain gaussian in.png --sigma 20',
    ...examplesOf('explain'),
    'convo explain espcn-x3.onnx photo.jpg',
    'convo explain chain --input 3x224x224 -- conv2d --filters 64 --padding same -- relu -- maxpool',
  ],
  details: () => [
    {
      title: 'What is told',
      text: [
        '  Of an operator the shape of what comes out with its formula filled in, weights, multiplications, receptive field, and what the plain convolution would take. Of a filter its kernels, their rank, and which arithmetic runs on such a picture. Of a chain all that step by step, with the receptive field in its input. The options of the operations are taken as well.',
        '  With a picture it is what the command would write, which keeps the size unless a padding is given. Without one it is a layer of a network: no padding, and a kernel of 3x3, unless they are given.',
      ].join('\n'),
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

async function run({ args, tail, given, io }: Call): Promise<number> {
  const [name = '', path] = args
  const isChain = name === 'chain'
  if (isChain !== (tail !== undefined)) {
    throw new ConvoError(
      'E_USAGE',
      isChain ? 'a chain needs its steps behind --' : 'steps behind -- are for chain',
      {
        fix: 'convo explain chain in.png -- gaussian --sigma 2 -- sobel',
      },
    )
  }
  // a network is named by its file
  if (!isChain && !Object.hasOwn(operations, name) && existsSync(name)) {
    const own = resolve(explainSettings, given)
    const shape =
      path === undefined
        ? own.input
        : (await (await import('../../teach/explain/explain.ts')).inputOf(false, path, own)).shape
    const input = shape === undefined ? undefined : ([shape.at(-1)!, shape.at(-2)!] as const)
    return describeNetwork({ args: [name], io }, { input, svg: own.svg, json: own.json })
  }
  const operation = isChain ? undefined : findOperation(name)
  if (path !== undefined && given.input !== undefined) {
    throw new ConvoError('E_USAGE', `the input is given twice, as ${path} and --input ${String(given.input)}`)
  }
  if (operation === undefined) {
    const odd = Object.keys(given).find((key) => !ofChain.includes(key) && key !== 'debug')
    if (odd !== undefined) {
      throw new ConvoError('E_USAGE', `--${odd} is said of a step, behind --, not of the whole chain`, {
        why: `of the chain are ${ofChain.map((key) => `--${key}`).join(', ')}`,
      })
    }
    const { explainChain } = await import('../../teach/explain/chain.ts')
    return explainChain(splitSteps(tail ?? []).map(stepOf), path, given, io)
  }
  const { explain } = await import('../../teach/explain/explain.ts')
  return explain(operation, path, given, io)
}

/** What is said of a chain as a whole. */
const ofChain: readonly string[] = ['input', 'depth', 'layout', 'svg', 'json']

/** A step of a chain, its options understood as those of an operation that is explained alone. */
function stepOf(words: readonly string[]): Asked {
  checkStep(words, explainSettings)
  const [name = '', ...rest] = words
  const operation = findOperation(name)
  const line = parse({ name: 'explain', arguments: [], options: groupsFor(name), examples: [] }, rest)
  const misplaced = line === undefined ? 'help' : ofChain.find((key) => line.given[key] !== undefined)
  if (line === undefined || misplaced !== undefined) {
    throw new ConvoError('E_USAGE', `--${misplaced} is said of the whole chain, not of the step ${name}`)
  }
  return { operation, given: line.given }
}

import { dirname, relative, resolve as resolvePath } from 'node:path'
import { isMap, isScalar, type Node } from 'yaml'
import { ConvoError } from '../error.ts'
import { manifestError, readSource, type Source } from '../files/document.ts'
import { from } from '../files/located.ts'
import { isWithin } from '../files/root.ts'
import { fillFromMachine, fitsSomeMachine, parseTemplate, type Template } from '../files/template.ts'

/** Returns the folder of a manifest's goldens. @throws ConvoError E_INPUT, E_MANIFEST */
export const readGoldens = (file: string): string => goldensOf(readSource(file, 'cases'), file)

const goldensNode = ({ root }: Source): Node | undefined =>
  isMap(root) ? (root.get('goldens', true) as Node | undefined) : undefined

function goldensTemplate(source: Source): Template {
  const node = goldensNode(source)
  return parseTemplate(isScalar(node) ? String(node.value) : 'goldens', 'goldens')
}

/** Whether a folder is that of a manifest's goldens, on this machine or on another one. */
export function areGoldensOf(file: string, goldens: string): boolean {
  const source = readSource(file, 'cases')
  const template = goldensTemplate(source)
  const folder = dirname(file)
  if (template.parts.every(({ kind }) => kind === 'text'))
    return resolvePath(goldensOf(source, file)) === resolvePath(goldens)
  const isInside = isWithin(folder, goldens) || isWithin('.', goldens)
  return isInside && fitsSomeMachine(template, relative(folder, goldens).replaceAll('\\', '/'))
}

/** Returns the folder of a manifest's goldens. Approvals write there, so a manifest must not choose just any folder. */
export function goldensOf(source: Source, file: string): string {
  const folder = dirname(file)
  const refuse = (what: string, message: string, fix?: string) =>
    manifestError(`${file} ${what}`, [{ place: source.placeOf(goldensNode(source)), message }], fix)
  let filled: string
  try {
    filled = fillFromMachine(goldensTemplate(source), process.env)
  } catch (error) {
    if (!(error instanceof ConvoError)) throw error
    throw refuse('has no folder of goldens here', [error.message, ...error.why].join('; '), error.fix)
  }
  const goldens = from(folder, filled)
  if (isWithin(folder, goldens) || isWithin('.', goldens)) return goldens
  const message = `${goldens} is neither in the folder of the manifest nor in the current folder`
  const fix = 'a folder next to the manifest, or run convo in a folder that contains both'
  throw refuse('keeps its goldens elsewhere', message, fix)
}

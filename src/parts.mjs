// Bundles a program in several files, of which a run loads those that it needs: used by build.mjs.
import { join, relative } from 'node:path'

/**
 * The part that each module is in: the one whose roots need it when they start, or the first where several do. What none needs
 * at its start is in the last.
 *
 * @param {Record<string, { imports: { path: string, kind: string, external?: boolean }[] }>} inputs the metafile's, of one bundle of all
 * @param {Record<string, readonly string[]>} plan the parts in order
 * @returns {Map<string, string>}
 */
export function partsOf(inputs, plan) {
  const names = Object.keys(plan)
  const needs = names.map((name) => reached(inputs, plan[name]))
  const partOf = (path) => {
    const users = names.filter((_, i) => needs[i].has(path))
    return users.length > 1 ? names[0] : (users[0] ?? names.at(-1))
  }
  return new Map(Object.keys(inputs).map((path) => [path, partOf(path)]))
}

/** The modules that roots need when they start, themselves too. */
function reached(inputs, roots) {
  const seen = new Set()
  const waiting = [...roots]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path) || inputs[path] === undefined) continue
    seen.add(path)
    for (const { path: to, kind, external } of inputs[path].imports)
      if (kind !== 'dynamic-import' && !external) waiting.push(to)
  }
  return seen
}

/** The modules of a part that others ask for, each set up when it is. */
export function entryOf(root, inputs, parts, part) {
  const asked = Object.entries(inputs).flatMap(([from, { imports }]) =>
    imports.flatMap(({ path, external }) =>
      !external && parts.get(path) === part && parts.get(from) !== part ? [path] : [],
    ),
  )
  const lines = [...new Set(asked)]
    .sort()
    .map((path) => `  ${JSON.stringify(path)}: () => require(${JSON.stringify(join(root, path))}),`)
  return `exports.modules = {\n${lines.join('\n')}\n}\n`
}

/**
 * A plugin of esbuild by which a part asks the others for their modules.
 *
 * @param {Map<string, readonly string[]>} names what each module exports
 */
export const otherParts = (root, parts, part, names) => ({
  name: 'other-parts',
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^[^:]*$/ }, async ({ path, pluginData, kind, importer, resolveDir, namespace }) => {
      if (pluginData === 'looked-up' || kind === 'entry-point' || namespace !== 'file') return undefined
      const found = await resolve(path, { kind, importer, resolveDir, pluginData: 'looked-up' })
      const owner = found.external ? part : (parts.get(relative(root, found.path)) ?? part)
      return owner === part ? undefined : { path: relative(root, found.path), namespace: 'other-part' }
    })
    onResolve({ filter: /^\.\/[\w-]+\.cjs$/, namespace: 'other-part' }, ({ path }) => ({
      path,
      external: true,
    }))
    onLoad({ filter: /.*/, namespace: 'other-part' }, ({ path }) => {
      const module = `require('./${parts.get(path)}.cjs').modules[${JSON.stringify(path)}]()`
      const exported = names.get(path) ?? []
      // constants of their own: to look each up in the other part made a run of sobel 10 ms longer
      const lines = exported.map((name) =>
        name === 'default' ? 'export default m.default' : `export const ${name} = m.${name}`,
      )
      return {
        contents:
          exported.length === 0 ? `module.exports = ${module}` : `const m = ${module}\n${lines.join('\n')}`,
      }
    })
  },
})

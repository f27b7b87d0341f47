const { readFileSync } = require('node:fs')
const { createRequire, enableCompileCache } = require('node:module')
const { basename, dirname, join } = require('node:path')
const { Script } = require('node:vm')

/**
 * Loads the command line, whose CommonJS parts load each other. Compiling them takes a fifth of a run on a small picture,
 * so the compiled code is cached: by Node itself since 22.1, and before that by the build, beside each part. V8 rejects a
 * cache of another version or with other flags, and compiles the source.
 *
 * @param {string} path
 */
exports.load = (path) => {
  if (enableCompileCache !== undefined) {
    enableCompileCache()
    return part(path, require, new Map())
  }
  return part(path, (one) => scriptOf(one, compiled(one)).runInThisContext(), new Map())
}

/**
 * Returns the code that V8 has compiled once `use` has been awaited, by the names of the parts. It contains the functions
 * that were called.
 *
 * @param {string} path
 * @param {(exports: unknown) => Promise<unknown>} use
 * @returns {Promise<Map<string, Buffer>>}
 */
exports.compile = async (path, use) => {
  const scripts = new Map()
  const script = (one) => {
    scripts.set(basename(one), scriptOf(one))
    return scripts.get(basename(one)).runInThisContext()
  }
  await use(part(path, script, new Map()))
  return new Map([...scripts].map(([name, one]) => [name, one.createCachedData()]))
}

exports.scriptOf = scriptOf

/** The path of the compiled code of a part. */
exports.compiledPath = (path) => `${path}.v8`

/**
 * Makes a script of a part, which is the function in `module.exports` (src/build.mjs). Its `cachedDataRejected` shows
 * whether the compiled code was used.
 */
function scriptOf(path, cachedData) {
  return new Script(readFileSync(path, 'utf8'), { filename: path, cachedData })
}

/** Returns the exports of a part. `made` makes its function, and `loaded` holds the parts loaded so far, by path. */
function part(path, made, loaded) {
  const known = loaded.get(path)
  if (known !== undefined) return known.exports
  const module = { exports: {} }
  loaded.set(path, module)
  const own = createRequire(path)
  const load = (name) => (name.startsWith('./') ? part(join(dirname(path), name), made, loaded) : own(name))
  made(path)(module.exports, load, module, path, dirname(path))
  return module.exports
}

function compiled(path) {
  try {
    return readFileSync(exports.compiledPath(path))
  } catch {
    return undefined
  }
}

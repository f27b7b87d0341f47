/** A file of dist/, seen from this file in src/files as well as from a bundle in dist/. */
export function distFile(name: string): URL {
  const inSource = import.meta.url.endsWith('/src/files/dist.ts')
  return new URL(inSource ? `../../dist/${name}` : name, import.meta.url)
}

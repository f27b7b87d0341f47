import { type BigIntStats, statSync } from 'node:fs'

/** What the system says of a path, links followed; undefined where that is nothing, whatever the reason. */
export function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true })
  } catch {
    return undefined
  }
}

export const isFile = (path: string): boolean => statOf(path)?.isFile() === true

export const isFolder = (path: string): boolean => statOf(path)?.isDirectory() === true

/** Whether a path is a device, pipe or socket: something to write into, which is not replaced. */
export function isDevice(path: string): boolean {
  const stat = statOf(path)
  return stat !== undefined && !stat.isFile() && !stat.isDirectory()
}

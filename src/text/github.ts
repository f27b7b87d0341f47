import { visible } from './visible.ts'

/** An annotation of an error, as GitHub's runner reads it from a log: one line. */
export function annotation(properties: Readonly<Record<string, string>>, message: string): string {
  const list = Object.entries(properties).map(([key, value]) => `${key}=${escapedProperty(value)}`)
  return `::error ${list.join(',')}::${escapedData(message)}`
}

// as GitHub's own toolkit does it
const escapedData = (text: string): string =>
  visible(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

const escapedProperty = (text: string): string =>
  escapedData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')

/**
 * Returns texts like one that was refused, nearest first: the numbers in it without what surrounds them, then fewer of
 * them, then one more. Empty for a text without numbers.
 */
export function nearTexts(text: string): string[] {
  const [list] = /-?\d+(\.\d+)?%?([,x]-?\d+(\.\d+)?%?)*/.exec(text) ?? []
  if (list === undefined) return []
  const near = [list]
  for (let cut = list; /[,x]/.test(cut); near.push(cut)) cut = cut.replace(/[,x][^,x]*$/, '')
  return [...near, list + (/[,x][^,x]*$/.exec(list)?.[0] ?? `,${list}`)]
}

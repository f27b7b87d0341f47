/** Whether this runs on a CI server, by the variable that they set. */
export const isCi = ({ CI }: Readonly<Record<string, string | undefined>>): boolean =>
  CI !== undefined && !['', '0', 'false'].includes(CI)

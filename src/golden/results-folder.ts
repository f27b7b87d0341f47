/** Where results go unless --results says otherwise. */
export const defaultResults = '.convo/check'

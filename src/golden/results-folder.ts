/** Where results go unless --results says otherwise. */
export const defaultResults = '.convo/check'

/** Where the results of tests lie, from the folder that they run in. */
export const testResults = '.convo/tests'

/** The folder beside a file of tests that its goldens lie in. */
export const testGoldens = '__goldens__'

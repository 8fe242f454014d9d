// The order of texts: by code unit, the same on every machine and in every language. Pure.

export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

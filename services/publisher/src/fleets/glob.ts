// Globs: `*` stands for any run of characters, everything else for itself. Pure.

export type Matches = (text: string) => boolean

export function globOf(pattern: string): Matches {
  if (!pattern.includes('*')) return (text) => text === pattern
  const source = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  const expression = new RegExp(`^${source.join('.*')}$`, 's')
  return (text) => expression.test(text)
}

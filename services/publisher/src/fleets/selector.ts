// Label selectors in the form that kubectl takes: `a=b,c!=d,e in (x,y),f notin (z),g,!h`. Pure.
import type { Labels } from '@fleetcast/shared/objects/object'

export type Selects = (labels: Labels) => boolean

const WORD = '([\\w./-]+)'
const SET = new RegExp(`^${WORD}\\s+(in|notin)\\s*\\(([^()]*)\\)$`)
const EQUAL = new RegExp(`^${WORD}\\s*(==|=|!=)\\s*([\\w.-]*)$`)
const EXISTS = new RegExp(`^(!?)\\s*${WORD}$`)

/** The selector, or what is wrong with it. An empty one is a mistake: it would mean everything. */
export function readSelector(text: string): Selects | { readonly mistake: string } {
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim())
  if (text.trim() === '') return { mistake: 'an empty selector is not taken for everything: write `services: all`' }
  const terms: Selects[] = []
  for (const part of parts) {
    const term = readTerm(part)
    if (!term)
      return { mistake: `${JSON.stringify(part)} is no label requirement, such as "app=web" or "tier in (a,b)"` }
    terms.push(term)
  }
  return (labels) => terms.every((term) => term(labels))
}

function readTerm(text: string): Selects | undefined {
  const [, setKey, word, list] = SET.exec(text) ?? []
  if (setKey !== undefined && list !== undefined) {
    const values = new Set(list.split(',').map((value) => value.trim()))
    const wanted = word === 'in'
    return (labels) => (labels[setKey] !== undefined && values.has(labels[setKey])) === wanted
  }
  const [, key, operator, value] = EQUAL.exec(text) ?? []
  if (key !== undefined) return (labels) => (labels[key] === value) === (operator !== '!=')
  const [, not, name] = EXISTS.exec(text) ?? []
  return name === undefined ? undefined : (labels) => (labels[name] !== undefined) === (not === '')
}

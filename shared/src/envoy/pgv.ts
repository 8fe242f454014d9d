// Interprets protoc-gen-validate rules straight from descriptors: the same `validate.rules` options from which Envoy's
// own checks are generated. Rules are compiled once per message type; `Any` and `TypedStruct` are opened by their type,
// as Envoy does when it loads an extension. A message in, a list of violations out; it never throws on a message.
import {
  type DescField,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  fromJson,
  getOption,
  hasOption,
  type Message,
  toJson,
} from '@bufbuild/protobuf'
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect'
import { canonical, TYPED_STRUCT, typeNameOf } from './canonical-json.ts'
import { asObject, dot, isObject, join } from './json-value.ts'
import { type Check, compileRules, type Report, type Rules } from './pgv-rules.ts'
import type { TypeIndex } from './type-index.ts'

export interface Violation {
  readonly path: string
  readonly rule: string
  readonly message: string
}
export type Validate = (desc: DescMessage, message: Message) => Violation[]

interface FieldPlan {
  readonly field: DescField
  readonly required: boolean
  readonly check: Check | undefined
  readonly descend: boolean
}
interface MessagePlan {
  readonly fields: readonly FieldPlan[]
  readonly oneofs: readonly { readonly name: string; readonly fields: readonly DescField[] }[]
}

/** google.protobuf.FeatureSet.FieldPresence.IMPLICIT */
const IMPLICIT_PRESENCE = 2

export function createValidator(types: TypeIndex): Validate {
  const { registry } = types
  const { rulesOf, isOneofRequired } = readOptions(registry)
  const plans = new Map<DescMessage, MessagePlan>()

  function planOf(desc: DescMessage): MessagePlan {
    let plan = plans.get(desc)
    if (!plan) {
      const fields = desc.fields.map((f) => planField(f, rulesOf(f))).filter((f) => f.required || f.check || f.descend)
      plan = { fields, oneofs: desc.oneofs.filter(isOneofRequired) }
      plans.set(desc, plan)
    }
    return plan
  }

  function visit(m: ReflectMessage, path: string, report: Report): void {
    if (m.desc.typeName === 'google.protobuf.Any') open(m, path, report)
    else if (TYPED_STRUCT.test(m.desc.typeName)) openStruct(m, path, report)
    else fields(m, path, report)
  }

  function fields(m: ReflectMessage, path: string, report: Report): void {
    const plan = planOf(m.desc)
    for (const { name, fields: members } of plan.oneofs) {
      if (members.some((f) => m.isSet(f))) continue
      report(dot(path, name), 'required', `one of ${members.map((f) => f.name).join(', ')} must be set`)
    }
    for (const { field, required, check, descend } of plan.fields) {
      if (hasPresence(field) && !m.isSet(field)) {
        if (required) report(dot(path, field.name), 'required', 'must be set')
        continue
      }
      const here = dot(path, field.name)
      const value: unknown = m.get(field)
      check?.(value, here, report)
      if (descend) eachMessage(field, value, here, (child, at) => visit(child, at, report))
    }
  }

  /** A needed rule lives in the type, so Any must be opened. */
  function open(m: ReflectMessage, path: string, report: Report): void {
    const { typeUrl, value } = m.message as unknown as { typeUrl: string; value: Uint8Array }
    const desc = registry.getMessage(typeNameOf(typeUrl) ?? '')
    if (desc) visit(reflect(desc, fromBinary(desc, value)), path, report)
  }

  /** Its fields obey the rules of the type that it names, though it travels as plain JSON. */
  function openStruct(m: ReflectMessage, path: string, report: Report): void {
    const { typeUrl, value } = asObject(toJson(m.desc, m.message))
    const desc = registry.getMessage(typeNameOf(typeUrl) ?? '')
    if (!desc) return
    const { json, issues } = canonical(value ?? {}, desc, types)
    if (issues.every((i) => i.severity === 'warning')) {
      visit(reflect(desc, fromJson(desc, json, { registry })), dot(path, 'value'), report)
    }
  }

  return (desc, message) => {
    const found: Violation[] = []
    visit(reflect(desc, message), '', (path, rule, text) => found.push({ path, rule, message: text }))
    return found
  }
}

/** How to read the rules that stand in the descriptors as custom options. */
function readOptions(types: FileRegistry) {
  const rulesOption = types.getExtension('validate.rules')
  const oneofRequired = types.getExtension('validate.required')
  const fieldRules = types.getMessage('validate.FieldRules')
  if (!rulesOption || !oneofRequired || !fieldRules) throw new Error('validate/validate.proto is not in the type set')
  return {
    rulesOf: (field: DescField): Rules =>
      hasOption(field, rulesOption) ? asObject(toJson(fieldRules, getOption(field, rulesOption) as Message)) : {},
    isOneofRequired: (o: DescMessage['oneofs'][number]): boolean =>
      hasOption(o, oneofRequired) && getOption(o, oneofRequired) === true,
  }
}

const hasPresence = (f: DescField) =>
  f.fieldKind === 'message' ||
  ((f.fieldKind === 'scalar' || f.fieldKind === 'enum') && f.presence !== IMPLICIT_PRESENCE)

/** Reflection hands lists and maps out as iterables of messages. */
function eachMessage(
  field: DescField,
  value: unknown,
  path: string,
  visit: (m: ReflectMessage, path: string) => void,
): void {
  if (field.fieldKind === 'message') {
    visit(value as ReflectMessage, path)
    return
  }
  if (field.fieldKind === 'map') {
    for (const [key, item] of value as Iterable<[string, ReflectMessage]>) visit(item, join(path, String(key)))
    return
  }
  let i = 0
  for (const item of value as Iterable<ReflectMessage>) visit(item, join(path, i++))
}

function planField(field: DescField, { message, ...rest }: Rules): FieldPlan {
  const [kind = '', rules = {}] = Object.entries(rest)[0] ?? []
  const { required, ...checked } = asObject(rules)
  const outer = isObject(message) ? message : {}
  return {
    field,
    // Inside a oneof, `required` speaks of the chosen member: one that was not chosen is fine.
    required: field.oneof === undefined && (outer.required === true || required === true),
    check: Object.keys(checked).length > 0 ? compileRules(kind, checked, field) : undefined,
    descend: field.message !== undefined && outer.skip !== true,
  }
}

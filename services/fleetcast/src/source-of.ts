// Where a verb reads objects from, by its settings: a folder, an API server of a file, or the cluster that it runs in.

export interface SourceValues {
  readonly folder?: string | undefined
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
}

export type SourceChoice =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'kube'; readonly kubeconfig?: string; readonly context?: string }

export function sourceOf({ folder, kubeconfig, context }: SourceValues): SourceChoice {
  if (folder !== undefined) return { kind: 'folder', folder }
  return {
    kind: 'kube',
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  }
}

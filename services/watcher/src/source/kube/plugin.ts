// Who a user is whose credentials come from a program (exec) or a provider (auth-provider): asked through the Kubernetes
// client library. It takes a second to load, so that only those users wait for it.
import type { RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'

/** Each call gives what is valid then; the library asks again once a token expired. */
export function createPlugin(kubeconfig: string, context: string): () => Promise<RequestOptions> {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  config.setCurrentContext(context)
  return async () => {
    const options: RequestOptions = {}
    await config.applyToHTTPSOptions(options)
    return options
  }
}

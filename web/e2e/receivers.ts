/** Addresses of this machine that the host may call (`[outbound] allow-private`): one for each worker of the stories. */
export const RECEIVERS: readonly string[] = (process.env['MINDFLOW_RECEIVERS'] ?? '').split(',').filter(Boolean);

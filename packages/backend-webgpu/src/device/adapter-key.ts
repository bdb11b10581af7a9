/** All that an adapter says of itself, its driver included; of what can be asked, this tells two apart best. */
export type AdapterKey = {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
};

/** The key of an adapter. */
export function adapterKey({ vendor, architecture, device, description }: GPUAdapterInfo): AdapterKey {
  return { vendor, architecture, device, description };
}

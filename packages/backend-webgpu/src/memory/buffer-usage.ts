/** What buffers are used for; the numbers of the specification, since Node has no `GPUBufferUsage`. */
export const bufferUsage = { mapRead: 1, copySource: 4, copyTarget: 8, storage: 128, queryResolve: 512 } as const;

/** How tables and exclusions name an operator: those of our own domain with it as a prefix, `ai.tacojs.Gelu`. */
export const operatorName = ({ op, domain }: { readonly op: string; readonly domain: string }): string =>
  domain ? `${domain}.${op}` : op

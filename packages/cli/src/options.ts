import { InvalidArgumentError, Option } from 'commander'

/** Parsers for option values: a wrong one is a usage error that names the option. */
export function number(value: string): number {
  const parsed = Number(value)
  if (value.trim() === '' || !Number.isFinite(parsed)) throw new InvalidArgumentError(`'${value}' is not a number.`)
  return parsed
}

export function wholeNumber(value: string): number {
  const parsed = number(value)
  if (!Number.isInteger(parsed)) throw new InvalidArgumentError(`'${value}' is not a whole number.`)
  return parsed
}

export function positive(value: string): number {
  const parsed = wholeNumber(value)
  if (parsed < 1) throw new InvalidArgumentError(`'${value}' is less than 1.`)
  return parsed
}

/** As recipes say it: true, false or 'auto'. */
export function onOffAuto(value: string): boolean | 'auto' {
  if (value === 'auto') return value
  if (value !== 'on' && value !== 'off') throw new InvalidArgumentError(`'${value}' is not auto, on or off.`)
  return value === 'on'
}

export const exifOption = (): Option =>
  new Option('--exif <mode>', 'EXIF orientation: apply, or ignore as timm does').choices(['apply', 'ignore'])

export const collect = (value: string, previous: readonly string[] | undefined): string[] => [
  ...(previous ?? []),
  value,
]

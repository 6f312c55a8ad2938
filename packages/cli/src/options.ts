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

/** '3x224x224' → [3, 224, 224]. */
export function imageSize(value: string): number[] {
  const sizes = value.split(/[x×]/).map(Number)
  if (sizes.length !== 3 || !sizes.every((size) => Number.isSafeInteger(size) && size >= 1)) {
    throw new InvalidArgumentError(`'${value}' is not channels, height and width such as 3x224x224.`)
  }
  return sizes
}

export const positiveOrAuto = (value: string): number | 'auto' => (value === 'auto' ? value : positive(value))

export function numberOrAuto(value: string): number | 'auto' {
  if (value === 'auto') return value
  if (value.trim() === '' || !Number.isFinite(Number(value))) {
    throw new InvalidArgumentError(`'${value}' is neither a number nor 'auto'.`)
  }
  return Number(value)
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

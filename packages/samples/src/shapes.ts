/** Signed distance to a shape of unit size around the origin: negative inside. */
export type Shape = (x: number, y: number) => number

const circle: Shape = (x, y) => Math.hypot(x, y) - 0.85
const box = (x: number, y: number, w: number, h: number): number => Math.max(Math.abs(x) - w, Math.abs(y) - h)

/** A regular polygon, as the largest of the distances to its sides. */
const polygon =
  (sides: number, inner: number): Shape =>
  (x, y) => {
    let distance = -Infinity
    for (let k = 0; k < sides; k++) {
      const angle = (2 * Math.PI * k) / sides
      distance = Math.max(distance, x * Math.cos(angle) + y * Math.sin(angle) - inner)
    }
    return distance
  }

/** A star: the radius of its outline swings between the tips and the notches. */
const star =
  (tips: number): Shape =>
  (x, y) => {
    const sector = Math.PI / tips
    const angle = Math.abs(((Math.atan2(y, x) % (2 * sector)) + 3 * sector) % (2 * sector)) - sector
    const t = Math.abs(angle) / sector
    return Math.hypot(x, y) - (0.42 + 0.58 * t)
  }

export const shapes: Readonly<Record<string, Shape>> = {
  disc: circle,
  square: (x, y) => box(x, y, 0.75, 0.75),
  triangle: polygon(3, 0.5),
  hexagon: polygon(6, 0.78),
  star: star(5),
  cross: (x, y) => Math.min(box(x, y, 0.9, 0.28), box(x, y, 0.28, 0.9)),
  ring: (x, y) => Math.abs(Math.hypot(x, y) - 0.68) - 0.2,
  crescent: (x, y) => Math.max(circle(x, y), 0.7 - Math.hypot(x - 0.45, y)),
}

/** How much of the shape's colour is seen at a point, 0 to 1. */
export const fills: Readonly<Record<string, Shape>> = {
  solid: () => 1,
  striped: (x) => (Math.sin(x * 13) > 0 ? 1 : 0.15),
  checkered: (x, y) => (Math.sin(x * 10) * Math.sin(y * 10) > 0 ? 1 : 0.15),
}

// A landscape in three dimensions, by three.js; drawn when something changed, never in a loop.
import { colours, lib } from "./kit.js";
import { levels, shade } from "./landscape.js";

const TALL = 1.8; // the highest point, when the ground is 4 × 4

/** A canvas with a relief, or null where there is no WebGL. `.show(data)`, `.ball([x, y], height)`, `.path(points, heights, upto)`, `.turn(degrees)`. */
export async function relief({ onturn } = {}) {
  if (!document.createElement("canvas").getContext("webgl2")) return null; // asked first: three.js would log errors
  let three, renderer, OrbitControls;
  try {
    three = await lib("three");
    ({ OrbitControls } = await import("three/addons/controls/OrbitControls.js"));
    renderer = new three.WebGLRenderer({ antialias: true, alpha: true });
  } catch {
    return null;
  }
  const canvas = renderer.domElement;
  canvas.setAttribute("role", "img");
  renderer.setPixelRatio(Math.min(2, devicePixelRatio));
  const scene = new three.Scene();
  const camera = new three.PerspectiveCamera(40, 1, 0.1, 50);
  camera.position.set(3.4, 4.15, 5);
  const sun = new three.DirectionalLight(0xffffff, 1.6);
  sun.position.set(-3, 5, 2);
  scene.add(sun, new three.AmbientLight(0xffffff, 2.1));
  const orbit = new OrbitControls(camera, canvas);
  Object.assign(orbit, { enableZoom: false, enablePan: false, minPolarAngle: 0.2, maxPolarAngle: 1.45 });
  orbit.target.set(-0.2, 0.62, 0);
  canvas.style.touchAction = "pan-y"; // sideways turns, up and down still scrolls the page
  canvas.style.cursor = "grab";
  let low = 0;
  let high = 1;
  let data = null;
  const tall = (h) => (TALL * (Math.min(Math.max(h, low), high) - low)) / (high - low);
  const at = (x, y, h, over = 0) => new three.Vector3(x, tall(h) + over, -y);
  const land = new three.Group();
  const ball = new three.Mesh(new three.SphereGeometry(0.11, 24, 16), new three.MeshLambertMaterial());
  const path = new three.Line(new three.BufferGeometry(), new three.LineBasicMaterial());
  const steps = new three.Points(new three.BufferGeometry(), new three.PointsMaterial({ size: 0.09 }));
  ball.visible = false;
  scene.add(land, ball, path, steps);

  let asked = false;
  const render = () => { if (!asked) { asked = true; requestAnimationFrame(() => { asked = false; renderer.render(scene, camera); }); } };
  orbit.addEventListener("change", () => { render(); onturn?.((orbit.getAzimuthalAngle() * 180) / Math.PI); });

  function paint() {
    const palette = colours();
    const [sheet, ink, gold] = [palette.sheet, palette.ink, palette.fill].map((c) => new three.Color(c));
    const { xs, ys, values } = data;
    const n = xs.length;
    const ground = new three.BufferGeometry();
    const [places, tints, faces] = [[], [], []];
    for (let j = 0; j < n; j++) for (let i = 0; i < n; i++) {
      const h = values[j * n + i];
      places.push(...at(xs[i], ys[j], h));
      const t = shade(((h - low) / (high - low)) ** (1 / 1.6));
      tints.push(...sheet.clone().lerp(ink, t).toArray());
      if (i < n - 1 && j < n - 1) { const a = j * n + i; faces.push(a, a + 1, a + n, a + 1, a + n + 1, a + n); }
    }
    ground.setAttribute("position", new three.Float32BufferAttribute(places, 3));
    ground.setAttribute("color", new three.Float32BufferAttribute(tints, 3));
    ground.setIndex(faces);
    ground.computeVertexNormals();
    for (const old of land.children) { old.geometry.dispose(); old.material.dispose(); }
    land.clear();
    land.add(new three.Mesh(ground, new three.MeshLambertMaterial({ vertexColors: true, side: three.DoubleSide, polygonOffset: true, polygonOffsetFactor: 1, polygonOffsetUnits: 1 })));
    const rings = new three.BufferGeometry();
    rings.setAttribute("position", new three.Float32BufferAttribute(lines(), 3));
    land.add(new three.LineSegments(rings, new three.LineBasicMaterial({ color: ink, transparent: true, opacity: 0.3 })));
    ball.material.color = gold;
    path.material.color = steps.material.color = new three.Color(palette.gold);
    render();
  }

  let rings = null;
  function lines() {
    const { xs } = data;
    const n = xs.length;
    const cell = (xs[n - 1] - xs[0]) / (n - 1);
    const found = [];
    for (const { value, coordinates } of rings) for (const polygon of coordinates) for (const ring of polygon) for (let k = 0; k + 1 < ring.length; k++) {
      const ends = [ring[k], ring[k + 1]];
      // rings are closed along the border: those pieces are no contour lines
      if (ends.some(([i, j]) => i < 0.5 || j < 0.5 || i > n - 0.5 || j > n - 0.5)) continue;
      for (const [i, j] of ends) found.push(...at(xs[0] + (i - 0.5) * cell, xs[0] + (j - 0.5) * cell, value, 0.006));
    }
    return found;
  }

  function fit() {
    const width = canvas.parentElement?.clientWidth ?? 0;
    if (!width) return;
    const height = Math.round(Math.min(width * 0.76, 460));
    renderer.setSize(width, height);
    camera.aspect = width / height;
    camera.updateProjectionMatrix();
    render();
  }
  const watch = new ResizeObserver(fit);
  const box = document.createElement("div");
  box.append(canvas);
  watch.observe(box);
  addEventListener("themechange", () => requestAnimationFrame(() => data && paint()));

  return {
    root: box,
    canvas,
    async show(surface) {
      const { contours } = await lib("d3");
      data = surface;
      low = Math.min(...data.values);
      high = Math.max(...data.values);
      rings = contours().size([data.xs.length, data.xs.length]).thresholds(levels(data.values))(Array.from(data.values));
      paint();
    },
    ball([x, y], height) {
      ball.visible = Math.abs(x) < 2.3 && Math.abs(y) < 2.3;
      ball.position.copy(at(x, y, height, 0.1));
      render();
    },
    path(points, heights, upto) {
      const places = Array.from({ length: upto + 1 }, (_, i) => at(points[2 * i], points[2 * i + 1], heights[i], 0.03)).filter((p) => Math.abs(p.x) < 2.3 && Math.abs(p.z) < 2.3);
      for (const drawn of [path, steps]) { drawn.geometry.dispose(); drawn.geometry = new three.BufferGeometry().setFromPoints(places); }
      render();
    },
    turn(degrees) {
      const around = camera.position.clone().sub(orbit.target);
      const polar = new three.Spherical().setFromVector3(around);
      polar.theta = (degrees * Math.PI) / 180;
      camera.position.setFromSpherical(polar).add(orbit.target);
      orbit.update();
      render();
    },
  };
}

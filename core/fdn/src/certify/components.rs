//! Strongly connected components: what feeds itself.

/// The component of each of `successors`' nodes (Tarjan, "Depth-first search and
/// linear graph algorithms", 1972), numbered so that no node leads to a component of
/// a higher number than its own.
pub(super) fn components(successors: &[Vec<usize>]) -> Components {
    let n = successors.len();
    let mut search = Search {
        index: vec![None; n],
        low: vec![0; n],
        closed: vec![false; n],
        stack: Vec::new(),
        count: 0,
    };
    let mut groups = Vec::new();
    for root in 0..n {
        if search.index[root].is_none() {
            search.from(root, successors, &mut groups);
        }
    }
    Components { groups }
}

/// The nodes of each component, least successors first.
pub(super) struct Components {
    pub(super) groups: Vec<Vec<usize>>,
}

impl Components {
    /// Whether a component feeds itself.
    pub(super) fn is_cycle(group: &[usize], successors: &[Vec<usize>]) -> bool {
        group.len() > 1 || successors[group[0]].contains(&group[0])
    }
}

struct Search {
    index: Vec<Option<usize>>,
    low: Vec<usize>,
    closed: Vec<bool>,
    stack: Vec<usize>,
    count: usize,
}

impl Search {
    /// With a stack of its own: a network may be deeper than ours is.
    fn from(&mut self, root: usize, successors: &[Vec<usize>], groups: &mut Vec<Vec<usize>>) {
        let mut path = vec![(root, 0)];
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            if *next == 0 {
                self.index[node] = Some(self.count);
                self.low[node] = self.count;
                self.stack.push(node);
                self.count += 1;
            }
            if let Some(&to) = successors[node].get(*next) {
                *next += 1;
                match self.index[to] {
                    None => path.push((to, 0)),
                    Some(i) if !self.closed[to] => {
                        self.low[node] = self.low[node].min(i);
                    }
                    Some(_) => {}
                }
                continue;
            }
            path.pop();
            if let Some((parent, _)) = path.last() {
                self.low[*parent] = self.low[*parent].min(self.low[node]);
            }
            if Some(self.low[node]) == self.index[node] {
                groups.push(self.close(node));
            }
        }
    }

    fn close(&mut self, node: usize) -> Vec<usize> {
        let mut group = Vec::new();
        while let Some(member) = self.stack.pop() {
            self.closed[member] = true;
            group.push(member);
            if member == node {
                break;
            }
        }
        group.sort_unstable();
        group
    }
}

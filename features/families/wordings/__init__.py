"""Words of features that the templates of their aggregates do not suit, stream by stream."""

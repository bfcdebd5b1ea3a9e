"""The relief algorithm: a picture's silhouette becomes a closed textured mesh."""
